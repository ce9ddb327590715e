# SPDX-License-Identifier: Apache-2.0
option(PATCHFERRY_WERROR "Warnings are errors (presets only)" OFF)

function(patchferry_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(PATCHFERRY_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(PATCHFERRY_SANITIZE)
    # A finding ends the program: one that only prints would pass as a test.
    target_compile_options(${target} PRIVATE -fsanitize=${PATCHFERRY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS PATCHFERRY_SANITIZED)
    target_link_options(${target} PRIVATE -fsanitize=${PATCHFERRY_SANITIZE})
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
    target_compile_options(${target} PRIVATE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
      -fstack-protector-strong)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -ftrivial-auto-var-init=zero)
    endif()
    target_link_options(${target} PRIVATE -Wl,-z,relro -Wl,-z,now)
  endif()
  target_compile_definitions(${target} PRIVATE BOOST_FILESYSTEM_NO_DEPRECATED
    PATCHFERRY_VERSION="${PROJECT_VERSION}")
endfunction()

find_program(CCACHE ccache)
if(CCACHE)
  # What a precompiled header needs to be cached.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
