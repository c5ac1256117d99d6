# What comes from the system's packages, each as one imported target. scripts/setup installs them by name.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(doctest REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(compression REQUIRED IMPORTED_TARGET zlib libbrotlienc libzstd)
pkg_check_modules(passwords REQUIRED IMPORTED_TARGET libcrypt libargon2)
pkg_check_modules(brotli_decoder REQUIRED IMPORTED_TARGET libbrotlidec)  # tests read what was compressed
find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js REQUIRED NO_DEFAULT_PATH)  # the dashboard's charts
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)

# llhttp: the system's library where it is packaged (>= 9); else Debian 12's C sources, built here in strict mode. The
# macro must come from the command line: the header sets it to 0, and a "loose" parser is open to request smuggling.
pkg_check_modules(llhttp_system QUIET IMPORTED_TARGET libllhttp>=9)
if(llhttp_system_FOUND)
  add_library(llhttp ALIAS PkgConfig::llhttp_system)
else()
  set(llhttp_dir /usr/share/llhttp)
  find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
  if(NOT EXISTS ${llhttp_dir}/llhttp.c)
    message(FATAL_ERROR "llhttp is missing: run scripts/setup (it installs libllhttp-dev, or node-llhttp on Debian 12)")
  endif()
  add_library(llhttp STATIC ${llhttp_dir}/llhttp.c ${llhttp_dir}/api.c ${llhttp_dir}/http.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(llhttp PRIVATE -O2 -w)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")  # it then reads fields' values sixteen bytes at a time
    target_compile_options(llhttp PRIVATE -msse4.2)
  endif()
endif()
