// Linked into our programs when they are built with AddressSanitizer (cmake/targets.cmake): the search for leaks at their end needs
// ptrace, which their system call filter ends them for. The unit tests, which have no filter, look for leaks.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
