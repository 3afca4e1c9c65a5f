/* Windows and features of a stream of int16 samples, in integers: what a microcontroller computes before a network.
   `lgnc.features` in Python gives the same numbers, bit for bit. C99, no other file. Part of lgnc. MIT licence. */
#ifndef LGNC_FEATURES_H
#define LGNC_FEATURES_H

#include <stdint.h>
#include <string.h>

#define LGNC_LARGEST 65535u /* samples in a window */
#define LGNC_LARGEST_FFT 256u

/* The last `size` samples, told every `step` samples, 1 <= step <= size. samples: room for `size`. Start with
   {samples, size, step, 0}. */
struct lgnc_window {
    int16_t *samples;
    uint16_t size, step, filled;
};

/* Takes a sample; gives 1 when `samples` holds a new window, oldest first. Use it before the next call. */
static inline int lgnc_push(struct lgnc_window *window, int16_t sample)
{
    if (window->filled == window->size) {
        const size_t kept = (size_t)window->size - window->step;
        memmove(window->samples, window->samples + window->step, kept * sizeof *window->samples);
        window->filled = (uint16_t)kept;
    }
    window->samples[window->filled++] = sample;
    return window->filled == window->size;
}

/* The sum over n, rounded down. In all functions n is 1 to LGNC_LARGEST. */
static inline int16_t lgnc_mean(const int16_t *x, uint16_t n)
{
    int32_t sum = 0, mean;
    uint16_t k;
    for (k = 0; k != n; k++) {
        sum += x[k];
    }
    mean = sum / (int32_t)n;
    return (int16_t)(sum % (int32_t)n < 0 ? mean - 1 : mean);
}

static inline int16_t lgnc_minimum(const int16_t *x, uint16_t n)
{
    int16_t least = x[0];
    uint16_t k;
    for (k = 1; k < n; k++) {
        least = x[k] < least ? x[k] : least;
    }
    return least;
}

static inline int16_t lgnc_maximum(const int16_t *x, uint16_t n)
{
    int16_t most = x[0];
    uint16_t k;
    for (k = 1; k < n; k++) {
        most = x[k] > most ? x[k] : most;
    }
    return most;
}

/* The mean distance to `level`, such as the mean: how strong the vibration is. Rounded down. */
static inline uint16_t lgnc_deviation(const int16_t *x, uint16_t n, int16_t level)
{
    uint32_t sum = 0;
    uint16_t k;
    for (k = 0; k != n; k++) {
        const int32_t far = (int32_t)x[k] - level;
        sum += (uint32_t)(far < 0 ? -far : far);
    }
    return (uint16_t)(sum / n);
}

/* How often neighbouring samples lie on two sides of `level`: at or below it, and above it. */
static inline uint16_t lgnc_crossings(const int16_t *x, uint16_t n, int16_t level)
{
    uint16_t count = 0, k;
    for (k = 1; k < n; k++) {
        count = (uint16_t)(count + ((x[k] > level) != (x[k - 1] > level)));
    }
    return count;
}

/* 32767 * sin(2 pi k / 256), k = 0..64. */
static const int16_t lgnc_sine[65] = {
    0, 804, 1608, 2410, 3212, 4011, 4808, 5602, 6393, 7179, 7962, 8739, 9512, 10278, 11039, 11793, 12539, 13279, 14010,
    14732, 15446, 16151, 16846, 17530, 18204, 18868, 19519, 20159, 20787, 21403, 22005, 22594, 23170, 23731, 24279, 24811,
    25329, 25832, 26319, 26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956, 30273, 30571, 30852, 31113, 31356,
    31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757, 32767,
};

/* value / 2^bits, rounded down. */
static inline int32_t lgnc_down(int32_t value, unsigned bits)
{
    return value >= 0 ? value >> bits : ~(~value >> bits);
}

static inline int16_t lgnc_short(int32_t value)
{
    return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

/* The Fourier transform of re + i im over n, in place: n = 2^bits, 2 to LGNC_LARGEST_FFT. Each stage halves, so that
   nothing overflows. */
static inline void lgnc_fft(int16_t *re, int16_t *im, unsigned bits)
{
    const unsigned n = 1u << bits;
    unsigned half, first, k, a, b;
    for (a = 0; a != n; a++) {
        for (b = 0, k = 0; k != bits; k++) {
            b |= ((a >> k) & 1u) << (bits - 1u - k);
        }
        if (a < b) {
            const int16_t r = re[a], i = im[a];
            re[a] = re[b];
            im[a] = im[b];
            re[b] = r;
            im[b] = i;
        }
    }
    for (half = 1; half != n; half *= 2u) {
        for (k = 0; k != half; k++) {
            const unsigned turn = k * (128u / half); /* of 256 */
            const int32_t c = turn <= 64u ? lgnc_sine[64u - turn] : -lgnc_sine[turn - 64u];
            const int32_t s = turn <= 64u ? lgnc_sine[turn] : lgnc_sine[128u - turn];
            for (first = k; first < n; first += 2u * half) {
                const int32_t r = re[first + half], i = im[first + half];
                const int32_t tr = lgnc_down(r * c + i * s + 16384, 15), ti = lgnc_down(i * c - r * s + 16384, 15);
                const int32_t ar = re[first], ai = im[first];
                re[first] = lgnc_short(lgnc_down(ar + tr, 1));
                im[first] = lgnc_short(lgnc_down(ai + ti, 1));
                re[first + half] = lgnc_short(lgnc_down(ar - tr, 1));
                im[first + half] = lgnc_short(lgnc_down(ai - ti, 1));
            }
        }
    }
}

/* How strong each frequency is: bin k is that of k turns a window, k = 0..n/2 - 1, n = 2^bits. The size of a number is
   taken as its larger part and 3/8 of its smaller, at most 7 % off. work: room for 2 n. */
static inline void lgnc_bins(const int16_t *x, unsigned bits, int16_t *work, uint16_t *bins)
{
    const unsigned n = 1u << bits;
    int16_t *const im = work + n;
    unsigned k;
    memcpy(work, x, n * sizeof *x);
    memset(im, 0, n * sizeof *im);
    lgnc_fft(work, im, bits);
    for (k = 0; k != n / 2u; k++) {
        const int32_t r = work[k] < 0 ? -(int32_t)work[k] : work[k], i = im[k] < 0 ? -(int32_t)im[k] : im[k];
        bins[k] = (uint16_t)((r > i ? r : i) + (3 * (r > i ? i : r) >> 3));
    }
}

#endif
