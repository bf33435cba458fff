/*
 * Constants that a loop needs in registers. A compiler knows that they are constants and would
 * make each of them anew for each cell, in two or three instructions; this hides what they are.
 */
#ifndef SHMPUB_VALUE_KEEP_AVX2_H
#define SHMPUB_VALUE_KEEP_AVX2_H

#define KEEP_IN_REGISTER(v) __asm__("" : "+x"(v))

#endif
