/* ---- Encoder: a bit for each feature and threshold, first grouped by features, then transposed to rows. ---- */

/* A table of few features: groups are of as many as a word holds. */
#define NAME_NARROW (NAME_SPAN == NAME_WIDE)

#if defined(NAME_PACKED_BYTES) || (NAME_BYTES > 8 && NAME_WIDE > 1 && (NAME_BYTES < 64 || NAME_WIDE < 8 || NAME_NARROW))
/* Change bits `shift` and up of each 2 * shift bits of row a with the lower ones of row b. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_exchange)(uint64_t *a, uint64_t *b, unsigned shift, uint64_t mask)
{
    unsigned part;
    for (part = 0; part < NAME_PARTS; part++) {
        const NAME_VEC t = ((NAME_OF(a, part) >> shift) ^ NAME_OF(b, part)) & mask;
        NAME_OF(b, part) ^= t;
        NAME_OF(a, part) ^= t << shift;
    }
}
#endif

#if NAME_BYTES > 8 && (NAME_BYTES < 64 || NAME_WIDE < 8 || NAME_NARROW)
/* Within each NAME_WIDE lines: element j of a 64-bit lane of line i to element i of that lane of line j. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_turn_words)(uint64_t *line, size_t lines)
{
    size_t i;
    (void)i;
    (void)line;
    (void)lines;
#if NAME_WIDE > 1
    for (i = 0; i < lines; i++) {
        if ((i & NAME_WIDE / 2u) == 0u) {
            NAME_FN(NAME_exchange)(line + i * 8u, line + (i + NAME_WIDE / 2u) * 8u, 32, 0x00000000ffffffffu);
        }
    }
#endif
#if NAME_WIDE > 2
    for (i = 0; i < lines; i++) {
        if ((i & NAME_WIDE / 4u) == 0u) {
            NAME_FN(NAME_exchange)(line + i * 8u, line + (i + NAME_WIDE / 4u) * 8u, 16, 0x0000ffff0000ffffu);
        }
    }
#endif
#if NAME_WIDE > 4
    for (i = 0; i < lines; i += 2u) {
        NAME_FN(NAME_exchange)(line + i * 8u, line + (i + 1u) * 8u, 8, 0x00ff00ff00ff00ffu);
    }
#endif
}
#endif

#if NAME_BYTES > 8
#define NAME_ELEMENTS NAME_FN(NAME_elements)
#define NAME_MASKS NAME_FN(NAME_masks)
typedef NAME_element NAME_ELEMENTS __attribute__((vector_size(NAME_BYTES), may_alias));
typedef NAME_unsigned NAME_MASKS __attribute__((vector_size(NAME_BYTES), may_alias));

/* bits |= (v > threshold) << s, in each element. */
#if NAME_BYTES == 64 && NAME_ELEMENT_BITS == 8
#if NAME_ELEMENT_SIGNED
#define NAME_ABOVE(v, threshold) _mm512_cmpgt_epi8_mask((__m512i)(v), (__m512i)(threshold))
#else
#define NAME_ABOVE(v, threshold) _mm512_cmpgt_epu8_mask((__m512i)(v), (__m512i)(threshold))
#endif
#define NAME_OR_ABOVE(bits, v, threshold, s)                                                          \
    ((bits) |= (NAME_MASKS)_mm512_maskz_mov_epi8(NAME_ABOVE(v, threshold), _mm512_set1_epi8((char)(1u << (s)))))
#else
#define NAME_OR_ABOVE(bits, v, threshold, s) \
    ((bits) |= (NAME_MASKS)((v) > (threshold)) & (NAME_unsigned)((NAME_unsigned)1 << (s)))
#endif

#if NAME_NARROW
/* A word of features of every sample, turned so that of feature j element i of line k * NAME_WIDE + j is sample
   NAME_ELEMENT_BITS * i + k. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_columns)(const NAME_element *x, size_t n, uint64_t *line)
{
    const size_t size = (NAME_FEATURES < NAME_WIDE ? NAME_FEATURES : NAME_WIDE) * sizeof *x;
    size_t i, k;
    memset(line, 0, n == NAME_BLOCK && size == 8u ? 0u : NAME_BLOCK * sizeof *line);
    for (i = 0; i * NAME_ELEMENT_BITS < n; i++) {
        const size_t left = n - i * NAME_ELEMENT_BITS, count = left < NAME_ELEMENT_BITS ? left : NAME_ELEMENT_BITS;
        uint64_t *to = line + i % NAME_WIDE * 8u + i / NAME_WIDE;
        for (k = 0; k < count; k++) {
            memcpy(to + k * NAME_WIDE * 8u, x, size);
            x += NAME_FEATURES;
        }
    }
    NAME_FN(NAME_turn_words)(line, 64);
}

/* The encoder's rows of n samples, a word of features at a time: each line gives one bit of every element of a row. */
static NAME_TARGET void NAME_FN(NAME_encode)(const NAME_element *x, size_t n, uint64_t *v)
{
    NAME_ELEMENTS column[64u * NAME_PARTS];
    const NAME_element *threshold = NAME_threshold;
    size_t stretch, row, part, k;
    for (stretch = 0; stretch != NAME_STRETCHES; stretch++) {
        NAME_FN(NAME_columns)(x + NAME_stretch[stretch].first, n, (uint64_t *)(void *)column);
        for (row = 0; row != NAME_stretch[stretch].groups * NAME_SPAN; row++) {
            NAME_unsigned same; /* bits, for x87 holds floats in more precision than their vectors have */
            memcpy(&same, threshold++, sizeof same);
            const NAME_ELEMENTS t = (NAME_ELEMENTS)(same + (NAME_MASKS){0});
            for (part = 0; part < NAME_PARTS; part++) {
                const NAME_ELEMENTS *line = column + row % NAME_SPAN * NAME_PARTS + part;
                NAME_MASKS bits = {0};
                for (k = NAME_ELEMENT_BITS; k-- != 0u;) {
                    bits = bits + bits - (NAME_MASKS)(line[k * NAME_WIDE * NAME_PARTS] > t);
                }
                NAME_OF(v, part) = (NAME_VEC)bits;
            }
            v += NAME_WORDS;
        }
    }
}
#else
/* Vector `part` of NAME_SPAN features, or of as many as there are. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_load)(const NAME_element *x, size_t part, NAME_ELEMENTS *out)
{
    const size_t all = NAME_FEATURES * sizeof *x, first = part * NAME_BYTES;
    const unsigned char *from = (const unsigned char *)x + first;
    if (NAME_FEATURES >= NAME_SPAN) {
        memcpy(out, from, NAME_BYTES);
    } else {
        memset(out, 0, NAME_BYTES);
        if (first < all) {
            memcpy(out, from, all - first < NAME_BYTES ? all - first : NAME_BYTES);
        }
    }
}

/* Line `part of a block` of `many` (1 to 4) groups that compare the same features: bit s of element i says whether
   feature i of sample s is above its threshold, for `count` samples. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_gather)(const NAME_element *x, const NAME_element *threshold,
                                                         unsigned many, size_t count, uint64_t *line)
{
    const size_t group = NAME_SPAN * NAME_WORDS;
    size_t part, s;
    for (part = 0; part < NAME_PARTS; part++) {
        const NAME_element *t = threshold + part * (NAME_BYTES / sizeof *t);
        NAME_MASKS b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
        NAME_ELEMENTS t0, t1, t2, t3, v;
        memcpy(&t0, t, NAME_BYTES);
        memcpy(&t1, many > 1u ? t + NAME_SPAN : t, NAME_BYTES);
        memcpy(&t2, many > 2u ? t + 2u * NAME_SPAN : t, NAME_BYTES);
        memcpy(&t3, many > 3u ? t + 3u * NAME_SPAN : t, NAME_BYTES);
        for (s = 0; s < count; s++) {
            NAME_FN(NAME_load)(x + s * NAME_FEATURES, part, &v);
            NAME_OR_ABOVE(b0, v, t0, s);
            if (many > 1u) {
                NAME_OR_ABOVE(b1, v, t1, s);
            }
            if (many > 2u) {
                NAME_OR_ABOVE(b2, v, t2, s);
            }
            if (many > 3u) {
                NAME_OR_ABOVE(b3, v, t3, s);
            }
        }
        NAME_OF(line, part) = (NAME_VEC)b0;
        if (many > 1u) {
            NAME_OF(line + group, part) = (NAME_VEC)b1;
        }
        if (many > 2u) {
            NAME_OF(line + 2u * group, part) = (NAME_VEC)b2;
        }
        if (many > 3u) {
            NAME_OF(line + 3u * group, part) = (NAME_VEC)b3;
        }
    }
}

/* NAME_gather of any number of groups, and of any number of samples. */
static NAME_TARGET void NAME_FN(NAME_lines)(const NAME_element *x, const NAME_element *threshold, size_t groups,
                                            size_t count, uint64_t *line)
{
    const size_t whole = NAME_ELEMENT_BITS;
    for (; groups > 3u && count == whole; groups -= 4u) {
        NAME_FN(NAME_gather)(x, threshold, 4, NAME_ELEMENT_BITS, line);
        threshold += 4u * NAME_SPAN;
        line += 4u * NAME_SPAN * NAME_WORDS;
    }
    if (count == whole && groups == 3u) {
        NAME_FN(NAME_gather)(x, threshold, 3, NAME_ELEMENT_BITS, line);
    } else if (count == whole && groups == 2u) {
        NAME_FN(NAME_gather)(x, threshold, 2, NAME_ELEMENT_BITS, line);
    } else if (count == whole && groups == 1u) {
        NAME_FN(NAME_gather)(x, threshold, 1, NAME_ELEMENT_BITS, line);
    } else {
        for (; groups != 0u; groups--) {
            NAME_FN(NAME_gather)(x, threshold, 1, count, line);
            threshold += NAME_SPAN;
            line += NAME_SPAN * NAME_WORDS;
        }
    }
}

#if NAME_BYTES == 64
/* A matrix of 8 x 8 64-bit lanes: lane j of m[i * stride] to lane i of out[j]. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_turn_lanes)(const __m512i *m, size_t stride, __m512i *out)
{
    __m512i a[8], b[8];
    size_t i;
    for (i = 0; i < 8u; i += 2u) {
        a[i] = _mm512_unpacklo_epi64(m[i * stride], m[(i + 1u) * stride]);
        a[i + 1u] = _mm512_unpackhi_epi64(m[i * stride], m[(i + 1u) * stride]);
    }
    for (i = 0; i < 8u; i++) {
        if ((i & 2u) == 0u) {
            b[i] = _mm512_shuffle_i64x2(a[i], a[i + 2u], 0x88);
            b[i + 2u] = _mm512_shuffle_i64x2(a[i], a[i + 2u], 0xdd);
        }
    }
    for (i = 0; i < 4u; i++) {
        out[i] = _mm512_shuffle_i64x2(b[i], b[i + 4u], 0x88);
        out[i + 4u] = _mm512_shuffle_i64x2(b[i], b[i + 4u], 0xdd);
    }
}
#endif

#if NAME_BYTES == 64 && NAME_WIDE == 8
/* Eight lines to eight: in each 128-bit lane, byte j of line i to byte i of a 64-bit lane; lane q of out[k] is
   feature 16 * (q / 2) + 2 * k + q % 2. */
static NAME_INLINE NAME_TARGET void NAME_FN(NAME_turn_bytes)(const __m512i *m, __m512i *out)
{
    __m512i a[8], b[8];
    size_t i;
    for (i = 0; i < 8u; i += 2u) {
        a[i] = _mm512_unpacklo_epi8(m[i], m[i + 1u]);
        a[i + 1u] = _mm512_unpackhi_epi8(m[i], m[i + 1u]);
    }
    for (i = 0; i < 8u; i++) {
        if ((i & 2u) == 0u) {
            b[(i & 4u) + 2u * (i & 1u)] = _mm512_unpacklo_epi16(a[i], a[i + 2u]);
            b[(i & 4u) + 2u * (i & 1u) + 1u] = _mm512_unpackhi_epi16(a[i], a[i + 2u]);
        }
    }
    for (i = 0; i < 4u; i++) {
        out[2u * i] = _mm512_unpacklo_epi32(b[i], b[i + 4u]);
        out[2u * i + 1u] = _mm512_unpackhi_epi32(b[i], b[i + 4u]);
    }
}

/* A group's rows, one per feature, from the lines that NAME_gather left there. */
static NAME_TARGET void NAME_FN(NAME_turn)(uint64_t *rows)
{
    __m512i m[64], turned[8], *out = (__m512i *)(void *)rows;
    size_t i, k;
    for (i = 0; i < 8u; i++) {
        NAME_FN(NAME_turn_bytes)(out + 8u * i, m + 8u * i);
    }
    for (k = 0; k < 8u; k++) {
        NAME_FN(NAME_turn_lanes)(m + k, 8, turned);
        for (i = 0; i < 8u; i++) {
            out[16u * (i / 2u) + 2u * k + i % 2u] = turned[i];
        }
    }
}
#else
/* A group's rows, one per feature, from the lines that NAME_gather left there: elements change places within 64-bit
   lanes, then lanes. */
static NAME_TARGET void NAME_FN(NAME_turn)(uint64_t *rows)
{
    NAME_VEC m[NAME_SPAN * NAME_PARTS];
    uint64_t *line = (uint64_t *)(void *)m;
    size_t i, j;
    memcpy(m, rows, sizeof m);
    NAME_FN(NAME_turn_words)(line, NAME_SPAN);
    for (j = 0; j < NAME_WIDE; j++) {
#if NAME_BYTES == 64
        __m512i turned[8];
        NAME_FN(NAME_turn_lanes)((const __m512i *)(const void *)m + j, NAME_WIDE, turned);
        for (i = 0; i < 8u; i++) {
            ((__m512i *)(void *)rows)[i * NAME_WIDE + j] = turned[i];
        }
#else
        for (i = 0; i < 64u; i++) {
            memcpy(&rows[(i % 8u * NAME_WIDE + j) * 8u + i / 8u],
                   (const unsigned char *)m + ((i / 8u * NAME_WIDE + j) * 8u + i % 8u) * 8u, 8);
        }
#endif
    }
}
#endif

/* Tiles of eight lines whose features are asked for while the block before is evaluated; later ones while earlier
   tiles are encoded. */
#ifndef NAME_TILES_AHEAD
#define NAME_TILES_AHEAD 1u
#endif
#define NAME_TILE_BYTES (8u * NAME_ELEMENT_BITS * NAME_FEATURES * sizeof(NAME_element))

/* The encoder's rows of n samples. A line holds NAME_ELEMENT_BITS samples; eight lines at a time keep the features that
   several groups read in the first-level cache. */
static NAME_TARGET void NAME_FN(NAME_encode)(const NAME_element *x, size_t n, uint64_t *v)
{
    size_t tile, line, stretch, group;
    for (tile = 0; tile < NAME_BLOCK / NAME_ELEMENT_BITS; tile += 8u) {
        const size_t far = (tile / 8u + NAME_TILES_AHEAD) * NAME_TILE_BYTES, all = n * NAME_FEATURES * sizeof *x;
        const size_t lines = far >= all ? 0u : (all - far < NAME_TILE_BYTES ? all - far : NAME_TILE_BYTES) / 64u;
        size_t asked = 0;
        for (stretch = 0, group = 0; stretch != NAME_STRETCHES; stretch++) {
            const size_t groups = NAME_stretch[stretch].groups;
            for (; asked < lines * (stretch + 1u) / NAME_STRETCHES; asked++) {
                NAME_PREFETCH((uintptr_t)x + far + asked * 64u);
            }
            const NAME_element *threshold = NAME_threshold + group * NAME_SPAN;
            for (line = tile; line < tile + 8u; line++) {
                const size_t base = line * NAME_ELEMENT_BITS;
                const size_t count = n <= base ? 0u : n - base < NAME_ELEMENT_BITS ? n - base : NAME_ELEMENT_BITS;
                const NAME_element *from = x + (count == 0u ? 0u : base * NAME_FEATURES + NAME_stretch[stretch].first);
                NAME_FN(NAME_lines)(from, threshold, groups, count, v + (group * NAME_SPAN + line) * NAME_WORDS);
            }
            group += groups;
        }
    }
    for (group = 0; group != NAME_GROUPS; group++) {
        NAME_FN(NAME_turn)(v + group * NAME_SPAN * NAME_WORDS);
    }
}
#endif
#else
/* The encoder's rows of n samples, a feature at a time. */
static void NAME_FN(NAME_encode)(const NAME_element *x, size_t n, uint64_t *v)
{
    size_t stretch, group = 0, i, s;
    for (stretch = 0; stretch != NAME_STRETCHES; stretch++) {
        const size_t first = NAME_stretch[stretch].first, end = group + NAME_stretch[stretch].groups;
        for (; group != end; group++) {
            for (i = 0; i < NAME_SPAN && first + i < NAME_FEATURES; i++) {
                const NAME_element threshold = NAME_threshold[group * NAME_SPAN + i];
                uint64_t *row = v + (group * NAME_SPAN + i) * NAME_WORDS;
                memset(row, 0, NAME_WORDS * sizeof *row);
                for (s = 0; s < n; s++) {
                    row[s / 64u] |= (uint64_t)(x[s * NAME_FEATURES + first + i] > threshold) << (s % 64u);
                }
            }
        }
    }
}
#endif

#ifdef NAME_PACKED_BYTES
/* The encoder's rows of n samples of packed bits: 64 features of 64 samples at a time are transposed. */
static NAME_TARGET void NAME_FN(NAME_encode_packed)(const unsigned char *x, size_t n, uint64_t *v)
{
    size_t stretch, group = 0, s, i, k;
    for (stretch = 0; stretch != NAME_STRETCHES; stretch++) {
        const size_t byte = NAME_stretch[stretch].first / 8u, shift = NAME_stretch[stretch].first % 8u;
        const size_t end = group + NAME_stretch[stretch].groups;
        const size_t bytes = NAME_PACKED_BYTES - byte < 9u ? NAME_PACKED_BYTES - byte : 9u;
        for (; group != end; group++) {
            uint64_t *const rows = v + group * NAME_SPAN * NAME_WORDS;
            unsigned width;
            uint64_t mask = ~(uint64_t)0;
            memset(rows, 0, NAME_SPAN * NAME_WORDS * sizeof *rows);
            for (s = 0; s < n; s++) {
                const unsigned char *from = x + s * NAME_PACKED_BYTES + byte;
                uint64_t bits = 0;
                for (k = 0; k < 8u && k < bytes; k++) {
                    bits |= (uint64_t)from[k] << (8u * k);
                }
                bits >>= shift;
                if (shift != 0u && bytes == 9u) {
                    bits |= (uint64_t)from[8] << (64u - shift);
                }
                rows[s % 64u * NAME_WORDS + s / 64u] = bits;
            }
            for (width = 32; width != 0u; width >>= 1) {
                mask ^= mask << width;
                for (i = 0; i < 64u; i++) {
                    if ((i & width) == 0u) {
                        NAME_FN(NAME_exchange)(rows + i * NAME_WORDS, rows + (i + width) * NAME_WORDS, width, mask);
                    }
                }
            }
            for (i = 0; i < NAME_SPAN; i++) {
                if (NAME_threshold[group * NAME_SPAN + i] != 0u) {
                    memset(rows + i * NAME_WORDS, 0, NAME_WORDS * sizeof *rows);
                }
            }
        }
    }
}
#endif
