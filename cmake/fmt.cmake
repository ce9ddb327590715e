# SPDX-License-Identifier: Apache-2.0
# Debian has no static libfmt. Header-only it would go into the static programs as well, but take two seconds of each source that
# formats anything: so its code is compiled once, here. Of another fmt than the one that fmt.cc knows, only the headers are used.
find_package(fmt REQUIRED)
if(fmt_VERSION VERSION_GREATER_EQUAL 9 AND fmt_VERSION VERSION_LESS 10)
  add_library(fmt-code STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cc)
  patchferry_flags(fmt-code)
  target_compile_options(fmt-code PRIVATE -w)  # not our code
else()
  add_library(fmt-code INTERFACE)
  target_compile_definitions(fmt-code INTERFACE FMT_HEADER_ONLY)
endif()
