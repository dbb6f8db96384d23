# How targets are declared: hameau_library, hameau_program, hameau_test, hameau_bench, hameau_fuzzer.
add_library(hameau_flags INTERFACE)
target_compile_options(hameau_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -fno-omit-frame-pointer -fstack-protector-strong -ffunction-sections -fdata-sections)
target_compile_definitions(hameau_flags INTERFACE _FORTIFY_SOURCE=2
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(hameau_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_compile_options(hameau_flags INTERFACE -U_FORTIFY_SOURCE)
endif()
target_include_directories(hameau_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_link_options(hameau_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed)
if(HAMEAU_SANITIZE)
  target_compile_options(hameau_flags INTERFACE -fsanitize=${HAMEAU_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(hameau_flags INTERFACE -fsanitize=${HAMEAU_SANITIZE})
endif()
if(HAMEAU_FUZZ)
  target_compile_options(hameau_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(hameau_flags INTERFACE -fsanitize=address,undefined)
endif()

# hameau_library(NAME SOURCES... [LINK libs...] [UNITY] [FAST])
# UNITY: compiled as one unit where HAMEAU_UNITY is on; half of a cold build would go into reading headers again.
# FAST: on the path of every request, keystroke or merge; it keeps -O2 in a package that is compiled for size.
function(hameau_library name)
  cmake_parse_arguments(A "UNITY;FAST" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC hameau_flags ${A_LINK})
  if(A_FAST AND HAMEAU_SMALL)
    target_compile_options(${name} PRIVATE -O2)
  endif()
  if(A_UNITY AND HAMEAU_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    # In one unit g++ sees the frames of coroutines as shared between units, which they are not.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# hameau_program(NAME SOURCES... [LINK libs...]): an executable in the build folder
function(hameau_program name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hameau_flags ${A_LINK})
  if(HAMEAU_SANITIZE)
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/asan_options.cpp)
  endif()
  if(NOT HAMEAU_SMALL)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()

# hameau_test(NAME SOURCES... [LINK libs...]): a GoogleTest executable, run as one CTest test
function(hameau_test name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE hameau_flags ${A_LINK} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE HAMEAU_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# hameau_bench(NAME SOURCES... [LINK libs...]): a program of make bench
function(hameau_bench name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE hameau_flags ${A_LINK})
  target_compile_definitions(${name} PRIVATE HAMEAU_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

# All fuzzers, and nothing else: clang 14 cannot build coroutines with its sanitizers.
add_custom_target(fuzzers)

# hameau_fuzzer(NAME SOURCES... [LINK libs...]): a libFuzzer program; its corpus is tests/fuzz/<folder>/corpus
function(hameau_fuzzer name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(${name} PRIVATE hameau_flags ${A_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  add_dependencies(fuzzers ${name})
endfunction()
