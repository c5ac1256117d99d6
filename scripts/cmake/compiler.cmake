# The compiler: ccache, warnings as errors in our own code, sanitizers, and the probe that refuses a compiler which
# gets coroutines wrong.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1 CCACHE_DEPEND=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

if(NOT TANDEM_PROBED)
  try_run(probe_status probe_built ${CMAKE_BINARY_DIR}/probe ${CMAKE_CURRENT_LIST_DIR}/probe.cc
    CMAKE_FLAGS -DCMAKE_CXX_STANDARD=23 -DCMAKE_CXX_STANDARD_REQUIRED=ON -DCMAKE_BUILD_TYPE=None
    COMPILE_OUTPUT_VARIABLE probe_log RUN_OUTPUT_VARIABLE probe_output)
  if(NOT probe_built)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} cannot compile C++23 coroutines as Tandem uses them. "
      "Use clang 19 or newer (scripts/setup installs it).\n${probe_log}")
  elseif(NOT probe_status EQUAL 0)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} miscompiles coroutines: ${probe_output} "
      "Use clang 19 or newer (scripts/setup installs it).")
  endif()
  set(TANDEM_PROBED TRUE CACHE INTERNAL "the coroutine probe has passed")
endif()

add_library(own_code INTERFACE)
target_compile_options(own_code INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wextra-semi -Wimplicit-fallthrough>)
target_include_directories(own_code INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(own_code INTERFACE TANDEM_VERSION="${PROJECT_VERSION}")

if(TANDEM_SANITIZE)
  add_compile_options(-fsanitize=${TANDEM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TANDEM_SANITIZE})
endif()
if(TANDEM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(LLD NAMES ld.lld-19 ld.lld)
  if(LLD)
    add_link_options(--ld-path=${LLD})
  endif()
endif()

# What people run is optimised over the files' borders as well: the data planes are many small functions in many rooms.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND LLD
   AND NOT TANDEM_SANITIZE AND NOT TANDEM_FUZZ)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

# Two thirds of a file's compile time go into reading the standard library: with clang it is read once, precompiled.
# ccache knows the result by the .sum beside it, the headers' preprocessed text, so that every tree shares its objects.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT TANDEM_FUZZ)
  set(header ${CMAKE_CURRENT_LIST_DIR}/std_headers.h)
  set(pch ${CMAKE_BINARY_DIR}/std_headers.pch)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
  list(APPEND flags -std=c++2b -DFMT_SHARED)
  if(TANDEM_SANITIZE)
    list(APPEND flags -fsanitize=${TANDEM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  endif()
  add_custom_command(OUTPUT ${pch} DEPENDS ${header} VERBATIM
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -P -E -x c++-header ${header} -o ${pch}.sum
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -x c++-header ${header} -Xclang -fno-pch-timestamp -o ${pch} -MD -MT ${pch} -MF ${pch}.d
    DEPFILE ${pch}.d COMMENT "Precompiling the standard library's headers")
  add_custom_target(std_headers DEPENDS ${pch})
  target_compile_options(own_code INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include-pch ${pch} -Xclang -fno-pch-timestamp>")
else()
  add_custom_target(std_headers)
endif()
