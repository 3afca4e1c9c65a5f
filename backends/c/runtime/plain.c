
/* ---- The evaluator is plain C99, on 64-bit words. ---- */

#define NAME_FN(f) f
#define NAME_TARGET
#define NAME_BYTES 8

