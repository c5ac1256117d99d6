# One function per kind of thing. A room is its folder: every .cc in it belongs to it.

# add_room(net common/net DEPENDS async PkgConfig::uv): the static library `net` from ${PROJECT}/common/net. WITHOUT
# names a folder inside it that is a room of its own.
function(add_room name folder)
  cmake_parse_arguments(arg "" "WITHOUT" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(arg_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${arg_WITHOUT}/")
  endif()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE own_code ${arg_DEPENDS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PRIVATE own_code PUBLIC ${arg_DEPENDS})
  add_dependencies(${name} std_headers)
endfunction()

# add_program(lb lb DEPENDS lb_room): the executable from ${PROJECT}/lb/main.cc.
function(add_program name folder)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  add_executable(${name} ${CMAKE_SOURCE_DIR}/${folder}/main.cc)
  target_link_libraries(${name} PRIVATE own_code ${arg_DEPENDS})
  add_dependencies(${name} std_headers)
endfunction()

# add_room_tests(net common/net DEPENDS …): one doctest binary from tests/common/net/*_test.cc, one ctest entry per file.
function(add_room_tests name folder)
  cmake_parse_arguments(arg "" "WITHOUT" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*_test.cc)
  if(arg_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${arg_WITHOUT}/")
  endif()
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources} ${CMAKE_SOURCE_DIR}/tests/support/doctest_main.cc)
  target_link_libraries(test_${name} PRIVATE own_code ${name} doctest::doctest ${arg_DEPENDS})
  add_dependencies(test_${name} std_headers)
  foreach(source ${sources})
    get_filename_component(file ${source} NAME)
    string(REPLACE "_test.cc" "" test ${file})
    add_test(NAME ${name}.${test} COMMAND test_${name} --source-file=*/${file} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name}.${test} PROPERTIES LABELS unit TIMEOUT 120)
  endforeach()
endfunction()

# add_fuzz_target(request_head DEPENDS http): tests/fuzz/fuzz_request_head.cc. With TANDEM_FUZZ it links libFuzzer; else
# a replayer, and ctest runs every file of tests/fuzz/corpus/request_head/ through it.
function(add_fuzz_target name)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  add_executable(fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${name}.cc)
  target_link_libraries(fuzz_${name} PRIVATE own_code ${arg_DEPENDS})
  add_dependencies(fuzz_${name} std_headers)
  if(TANDEM_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cc)
    add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()

# add_e2e_tests(): one ctest entry per tests/e2e/test_*.py, run by the system's Python with the built programs.
function(add_e2e_tests)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/test_*.py)
  foreach(file ${files})
    get_filename_component(test ${file} NAME_WE)
    string(REPLACE "test_" "" test ${test})
    add_test(NAME e2e.${test}
      COMMAND /usr/bin/python3 -m pytest -q -x -p no:cacheprovider ${file} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(e2e.${test} PROPERTIES LABELS e2e TIMEOUT 600
      ENVIRONMENT "TANDEM_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
