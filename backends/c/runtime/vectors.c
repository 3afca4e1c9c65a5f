
/* ---- The evaluator, for vectors of NAME_BYTES bytes. A row is a node's value for a block of samples, a bit each, in
   NAME_WORDS words: NAME_PARTS vectors. ---- */

#define NAME_PARTS (NAME_WORDS * 8u / NAME_BYTES)
#define NAME_VEC NAME_FN(NAME_vec)
#if NAME_BYTES > 8
typedef uint64_t NAME_VEC __attribute__((vector_size(NAME_BYTES), may_alias));
#else
typedef uint64_t NAME_VEC;
#endif

/* A part of the row that starts at `row`. */
#define NAME_OF(row, part) (((NAME_VEC *)(void *)(row))[part])
#define NAME_OF_CONST(row, part) (((const NAME_VEC *)(const void *)(row))[part])

#if defined(__GNUC__)
#define NAME_INLINE inline __attribute__((always_inline))
#define NAME_PREFETCH(address) __builtin_prefetch((const void *)(address), 0, 2)
#else
#define NAME_INLINE inline
#define NAME_PREFETCH(address) ((void)(address))
#endif

