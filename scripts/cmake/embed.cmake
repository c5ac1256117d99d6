# embed_files(observe page_files.cc FUNCTION page_files HEADER common/observe/page.h FILES path=file …): the files as
# part of a room, given by a function that its header declares. This file is also the script that writes that source.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(embed_files room source)
    cmake_parse_arguments(arg "" "HEADER;FUNCTION" "FILES" ${ARGN})
    set(files)
    foreach(entry ${arg_FILES})
      string(REGEX REPLACE "^[^=]*=" "" file ${entry})
      list(APPEND files ${file})
    endforeach()
    set(out ${CMAKE_BINARY_DIR}/embedded/${source})
    string(REPLACE ";" "|" entries "${arg_FILES}")
    add_custom_command(OUTPUT ${out} DEPENDS ${files} ${EMBED_SCRIPT} VERBATIM COMMENT "Embedding ${source}"
      COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${arg_HEADER} -DFUNCTION=${arg_FUNCTION} "-DENTRIES=${entries}"
              -P ${EMBED_SCRIPT})
    target_sources(${room} PRIVATE ${out})
  endfunction()
  return()
endif()

string(REPLACE "|" ";" entries "${ENTRIES}")
set(arrays)
set(list)
set(number 0)
foreach(entry ${entries})
  string(REGEX REPLACE "=.*" "" path ${entry})
  string(REGEX REPLACE "^[^=]*=" "" file ${entry})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {${bytes}};\n")
  string(APPEND list "    {\"${path}\", {reinterpret_cast<const char*>(kFile${number}), sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// Written by scripts/cmake/embed.cmake.
#include \"${HEADER}\"

namespace tandem::observe {
namespace {
${arrays}
const PageFile kFiles[] = {
${list}};
}  // namespace

std::span<const PageFile> ${FUNCTION}() { return kFiles; }

}  // namespace tandem::observe
")
