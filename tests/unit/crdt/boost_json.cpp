// The one translation unit that holds Boost.JSON for these tests.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/json/src.hpp>
#pragma GCC diagnostic pop
