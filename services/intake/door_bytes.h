/* door_bytes.h - eight bytes at a time past what needs no closer look.
 *
 * Most of a complaint is printable ASCII; the loops that read it skip it in words and
 * only then look at single bytes.  With no byte above 0x7f, adding 0x80 - x to each byte
 * sets its top bit exactly if the byte is >= x, without a carry into the next. */
#ifndef REDRESS_INTAKE_DOOR_BYTES_H
#define REDRESS_INTAKE_DOOR_BYTES_H

#include "base/base.h"

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))
#define TOP_BITS EACH_BYTE(0x80)

static inline uint64_t
bytes_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}
/* A top bit where the byte is >= x; the word holds ASCII only. */
static inline uint64_t
bytes_from(uint64_t word, unsigned char x)
{
    return (word + EACH_BYTE((uint64_t)(0x80 - x))) & TOP_BITS;
}
/* All of 0x20-0x7e. */
static inline bool
bytes_printable(uint64_t word)
{
    return (word & TOP_BITS) == 0 && bytes_from(word, 0x20) == TOP_BITS &&
           bytes_from(word, 0x7f) == 0;
}
/* None is c; the word holds ASCII only. */
static inline bool
bytes_lack(uint64_t word, unsigned char c)
{
    return bytes_from(word ^ EACH_BYTE((uint64_t)c), 1) == TOP_BITS;
}
/* ASCII without a digit. */
static inline bool
bytes_no_digit(uint64_t word)
{
    return (word & TOP_BITS) == 0 &&
           (bytes_from(word, '0') & ~bytes_from(word, '9' + 1)) == 0;
}

#endif
