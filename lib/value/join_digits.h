/*
 * Multipliers that join digits. The instruction multiplies two neighbours and adds the products:
 * of bytes (maddubs) two digits become a number below 100; of 16 bits (madd) two such numbers one
 * below 10,000, and two of these one below 100,000,000. The first of two has the higher value and
 * stands in the lower half.
 */
#ifndef SHMPUB_VALUE_JOIN_DIGITS_H
#define SHMPUB_VALUE_JOIN_DIGITS_H

#define JOIN_DIGITS 0x010a    /* 10 and 1, of 8 bits each */
#define JOIN_PAIRS 0x00010064 /* 100 and 1, of 16 bits each */
#define JOIN_FOURS 0x00012710 /* 10,000 and 1 */

#endif
