/*
 * What compilers other than gcc have no word for, or another. Everything that is not C17 is here, in
 * base/atomic.h, cpu.h and u128.h, and in files for one kind of processor.
 */
#ifndef SHMPUB_BASE_COMPILER_H
#define SHMPUB_BASE_COMPILER_H

/*
 * The arguments are checked against the format. Windows' own formats differ ("%I64u"); the
 * C library that mingw-w64 links instead takes the standard's, which gcc calls gnu_printf there.
 */
#if defined(__MINGW32__) && !defined(__clang__)
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(gnu_printf, format_at, args_at)))
#elif defined(__GNUC__)
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define PRINTF_LIKE(format_at, args_at)
#endif

#endif
