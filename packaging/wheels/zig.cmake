# Static programs for Linux by zig's clang and musl. scripts/wheels makes the folder SHMPUB_ZIG with the
# programs cc, c++, ar and ranlib for one target, and SHMPUB_WHEEL_SYSROOT with the libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $ENV{SHMPUB_WHEEL_MACHINE})
set(CMAKE_C_COMPILER $ENV{SHMPUB_ZIG}/cc)
set(CMAKE_CXX_COMPILER $ENV{SHMPUB_ZIG}/c++)
set(CMAKE_AR $ENV{SHMPUB_ZIG}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB $ENV{SHMPUB_ZIG}/ranlib CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH $ENV{SHMPUB_WHEEL_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} $ENV{SHMPUB_WHEEL_SYSROOT}/lib/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")

# zig switches off what the baseline of x86-64 has not, among it clang's switch for registers of 64 bytes,
# which -mavx512f leaves as it is.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
	set(SHMPUB_WIDE_OPTIONS ";-mevex512")
endif()
