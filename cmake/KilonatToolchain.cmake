# Compiler settings and third-party packages, found once.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Only x86-64 has such levels; a -march of yours in CMAKE_CXX_FLAGS comes first. Faster instructions
# are chosen when the program runs (src/kilonat/kernels).
if(KILONAT_X86_LEVEL AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$"
   AND NOT CMAKE_CXX_FLAGS MATCHES "-march=")
  string(APPEND CMAKE_CXX_FLAGS " -march=${KILONAT_X86_LEVEL}")
  string(STRIP "${CMAKE_CXX_FLAGS}" CMAKE_CXX_FLAGS)
endif()

find_program(KILONAT_CCACHE ccache)
if(KILONAT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # gcc's precompiled headers defeat ccache unless it is told to overlook them (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${KILONAT_CCACHE})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_program(KILONAT_MOLD mold)
  if(KILONAT_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
  add_compile_options(-fpch-preprocess)
  # The precompiled header is shared by libraries and executables, so both need the same flag.
  set(CMAKE_CXX_COMPILE_OPTIONS_PIE ${CMAKE_CXX_COMPILE_OPTIONS_PIC})
endif()

add_library(kilonat_warnings INTERFACE)
target_compile_options(kilonat_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(KILONAT_WERROR)
  target_compile_options(kilonat_warnings INTERFACE -Werror)
endif()

# A torch job takes over 1 GB: the pool keeps a machine with little memory alive.
cmake_host_system_information(RESULT KILONAT_MEMORY_MB QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR KILONAT_TORCH_JOBS "${KILONAT_MEMORY_MB} / 2500")
if(KILONAT_TORCH_JOBS LESS 1)
  set(KILONAT_TORCH_JOBS 1)
endif()
set_property(GLOBAL APPEND PROPERTY JOB_POOLS kilonat_torch=${KILONAT_TORCH_JOBS})

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sndfile REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(soxr REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(ebur128 REQUIRED IMPORTED_TARGET libebur128)
pkg_check_modules(opus REQUIRED IMPORTED_TARGET opus)

if(KILONAT_WITH_TORCH)
  find_package(CLI11 REQUIRED)
  find_package(LibArchive REQUIRED)
  find_package(Protobuf REQUIRED)
  find_path(KILONAT_SVM_INCLUDE libsvm/svm.h REQUIRED)
  find_library(KILONAT_SVM_LIBRARY svm REQUIRED)
  add_library(kilonat_svm INTERFACE)
  target_include_directories(kilonat_svm SYSTEM INTERFACE ${KILONAT_SVM_INCLUDE})
  target_link_libraries(kilonat_svm INTERFACE ${KILONAT_SVM_LIBRARY})
  set(kilonat_flags_before_torch "${CMAKE_CXX_FLAGS}")
  find_package(Torch REQUIRED)
  set(CMAKE_CXX_FLAGS "${kilonat_flags_before_torch}") # find_package(Torch) may append to it

  # libtorch 2.x from elsewhere brings headers of its own fmt and protobuf, which do not fit the
  # libraries that we link. Ours must be found first; /usr/include itself is always searched last.
  find_path(KILONAT_FMT_INCLUDE fmt/core.h REQUIRED)
  find_path(KILONAT_PROTOBUF_INCLUDE google/protobuf/message.h REQUIRED)
  foreach(folder IN LISTS TORCH_INCLUDE_DIRS)
    if(EXISTS ${folder}/fmt AND NOT folder STREQUAL KILONAT_FMT_INCLUDE)
      set(kilonat_own_headers ${CMAKE_BINARY_DIR}/generated/own_headers)
      file(MAKE_DIRECTORY ${kilonat_own_headers})
      file(CREATE_LINK ${KILONAT_FMT_INCLUDE}/fmt ${kilonat_own_headers}/fmt SYMBOLIC)
      file(CREATE_LINK ${KILONAT_PROTOBUF_INCLUDE}/google ${kilonat_own_headers}/google SYMBOLIC)
      include_directories(BEFORE SYSTEM ${kilonat_own_headers})
    endif()
  endforeach()
endif()
