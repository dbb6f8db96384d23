// The one translation unit that holds Boost.JSON's compiled parts.
#include <boost/json/src.hpp>
