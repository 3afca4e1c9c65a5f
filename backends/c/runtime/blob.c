/* Written by lgnc; NAME_blob.h says what it is. MIT licence. */
#include "NAME_blob.h"

#include <string.h>

#define NAME_BLOB_HEADER 84u
#define NAME_BLOB_BYTES const NAME_BLOB_MEMORY uint8_t *

static uint16_t NAME_blob_16(NAME_BLOB_BYTES at)
{
    return (uint16_t)(at[0] | ((unsigned)at[1] << 8));
}

static uint32_t NAME_blob_32(NAME_BLOB_BYTES at)
{
    return (uint32_t)NAME_blob_16(at) | ((uint32_t)NAME_blob_16(at + 2) << 16);
}

/* zlib's CRC-32, four bits at a time. */
static uint32_t NAME_blob_crc(NAME_BLOB_BYTES at, size_t size)
{
    static const uint32_t part[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
        0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    uint32_t crc = 0xffffffffu;
    for (; size != 0u; size--) {
        crc ^= *at++;
        crc = crc >> 4 ^ part[crc & 15u];
        crc = crc >> 4 ^ part[crc & 15u];
    }
    return ~crc;
}

/* Whether `count` 16-bit entries are all below `limit`. */
static int NAME_blob_below(NAME_BLOB_BYTES at, uint32_t count, uint32_t limit)
{
    for (; count != 0u; count--, at += 2) {
        if (NAME_blob_16(at) >= limit) {
            return 0;
        }
    }
    return 1;
}

/* Whether the steps write into the state and the scores alone, and read as many entries as there are. */
static int NAME_blob_steps(const struct NAME_net *net, uint32_t gates, uint32_t comparisons, uint32_t literals)
{
    NAME_BLOB_BYTES at = net->step;
    uint32_t step;
    for (step = 0; step != net->steps; step++, at += 4) {
        const unsigned kind = at[0], sum = kind & ~8u;
        const uint32_t count = at[1], out = NAME_blob_16(at + 2);
        const int gate = kind < 8u || (sum >= 16u && sum < 24u);
        uint32_t *const left = gate ? &gates : kind == 32u ? &comparisons : &literals;
        if (!gate && kind != 32u && sum != 33u) {
            return 0;
        }
        if (kind < 8u || kind == 32u ? out + count > net->rows : out >= NAME_CLASSES) {
            return 0;
        }
        if (*left < count) {
            return 0;
        }
        *left -= count;
    }
    return gates == 0u && comparisons == 0u && literals == 0u;
}

int NAME_open(struct NAME_net *net, const NAME_BLOB_MEMORY uint8_t *blob, size_t size, size_t room)
{
    static const uint8_t magic[4] = {'L', 'G', 'N', 'B'};
    uint32_t features, classes, gates, comparisons, literals;
    uint64_t total;
    unsigned k;
    memset(net, 0, sizeof *net);
    for (k = 0; k < 4u && k < size; k++) {
        if (blob[k] != magic[k]) {
            return NAME_blob_FOREIGN;
        }
    }
    if (size < NAME_BLOB_HEADER) {
        return NAME_blob_SHORT;
    }
    if (NAME_blob_16(blob + 4) != 1u || blob[7] != 0u) {
        return NAME_blob_VERSION;
    }
    if (NAME_blob_32(blob + 8) != size) {
        return NAME_blob_SHORT;
    }
    if (NAME_blob_32(blob + 12) != NAME_blob_crc(blob + 16, size - 16u)) {
        return NAME_blob_CHECKSUM;
    }
    features = NAME_blob_32(blob + 24);
    classes = NAME_blob_32(blob + 28);
    if ((NAME_blob_32(blob + 16) | (uint64_t)NAME_blob_32(blob + 20) << 32) != NAME_INTERFACE ||
        features != NAME_FEATURES || classes != NAME_CLASSES || blob[6] != sizeof(NAME_blob_value)) {
        return NAME_blob_INTERFACE;
    }
    net->rows = NAME_blob_32(blob + 32);
    net->steps = NAME_blob_32(blob + 36);
    gates = NAME_blob_32(blob + 40);
    comparisons = NAME_blob_32(blob + 44);
    literals = NAME_blob_32(blob + 48);
    total = NAME_BLOB_HEADER + (uint64_t)4u * net->steps + (uint64_t)4u * gates + (uint64_t)2u * literals;
    total += (uint64_t)comparisons * (2u + sizeof(NAME_blob_value)) + (uint64_t)4u * classes;
    if (total != size) {
        return NAME_blob_RANGE;
    }
    if (net->rows > room) {
        return NAME_blob_ROOM;
    }
    net->step = blob + NAME_BLOB_HEADER;
    net->gate = net->step + (size_t)4u * net->steps;
    net->literal = net->gate + (size_t)4u * gates;
    net->feature = net->literal + (size_t)2u * literals;
    net->threshold = net->feature + (size_t)2u * comparisons;
    net->offset = net->threshold + sizeof(NAME_blob_value) * comparisons;
    if (!NAME_blob_below(net->gate, 2u * gates, net->rows) || !NAME_blob_below(net->literal, literals, net->rows) ||
        !NAME_blob_below(net->feature, comparisons, NAME_FEATURES) ||
        !NAME_blob_steps(net, gates, comparisons, literals)) {
        return NAME_blob_RANGE;
    }
    return NAME_blob_GOOD;
}

/* A threshold. */
static NAME_blob_value NAME_blob_at(NAME_BLOB_BYTES at)
{
    NAME_blob_bits bits = 0;
    unsigned k;
    for (k = sizeof bits; k-- != 0u;) {
        bits = (NAME_blob_bits)((NAME_blob_bits)((uint64_t)bits << 8) | at[k]);
    }
    return (NAME_blob_value)bits;
}

/* A feature as thresholds are: floats as integers of the same order. */
static NAME_blob_value NAME_blob_key(NAME_element x)
{
#if @FLOAT@
    NAME_blob_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return (NAME_blob_value)(bits ^ (((NAME_blob_bits)0 - (bits >> (8u * sizeof bits - 1u))) >> 1));
#else
    return x;
#endif
}

#define NAME_BLOB_EACH(use)                                                             \
    for (; left != 0u; left--, gate += 4) {                                             \
        const unsigned a = v[NAME_blob_16(gate)], b = v[NAME_blob_16(gate + 2)];        \
        (void)b;                                                                        \
        use;                                                                            \
    }                                                                                   \
    break

/* The gates of a step: stored from `out` on, and added up where there is no `out`. Gives what the bytes add up to. */
static uint32_t NAME_blob_gates(unsigned kind, unsigned left, NAME_BLOB_BYTES gate, const uint8_t *v, uint8_t *out)
{
    uint32_t sum = 0;
    if (out != NULL) {
        switch (kind) {
        case 1: NAME_BLOB_EACH(*out++ = (uint8_t)(a & b));
        case 2: NAME_BLOB_EACH(*out++ = (uint8_t)(a & ~b));
        case 6: NAME_BLOB_EACH(*out++ = (uint8_t)(a ^ b));
        case 7: NAME_BLOB_EACH(*out++ = (uint8_t)(a | b));
        default: NAME_BLOB_EACH(*out++ = (uint8_t)(kind >> (3u - 2u * (a & 1u) - (b & 1u)) & 1u));
        }
    } else {
        switch (kind) {
        case 1: NAME_BLOB_EACH(sum += a & b);
        case 2: NAME_BLOB_EACH(sum += a & ~b);
        case 6: NAME_BLOB_EACH(sum += a ^ b);
        case 7: NAME_BLOB_EACH(sum += a | b);
        default: NAME_BLOB_EACH(sum += kind >> (3u - 2u * (a & 1u) - (b & 1u)) & 1u);
        }
    }
    return sum;
}

void NAME_net_scores(const struct NAME_net *net, void *workspace, const NAME_element *features, int32_t *scores)
{
    uint8_t *const v = (uint8_t *)workspace;
    NAME_BLOB_BYTES step = net->step;
    NAME_BLOB_BYTES gate = net->gate;
    NAME_BLOB_BYTES literal = net->literal;
    NAME_BLOB_BYTES feature = net->feature;
    NAME_BLOB_BYTES threshold = net->threshold;
    uint32_t k;
    for (k = 0; k != NAME_CLASSES; k++) {
        scores[k] = (int32_t)NAME_blob_32(net->offset + 4u * k);
    }
    for (k = 0; k != net->steps; k++, step += 4) {
        const unsigned kind = step[0], count = step[1], out = NAME_blob_16(step + 2);
        uint32_t sum = 0;
        unsigned left = count;
        if (kind < 8u) {
            (void)NAME_blob_gates(kind, count, gate, v, v + out);
            gate += 4u * count;
            continue;
        }
        if (kind == 32u) {
            uint8_t *to = v + out;
            for (; left != 0u; left--, feature += 2, threshold += sizeof(NAME_blob_value)) {
                *to++ = (uint8_t)(NAME_blob_key(features[NAME_blob_16(feature)]) > NAME_blob_at(threshold));
            }
            continue;
        }
        if (kind < 32u) {
            sum = NAME_blob_gates(kind & 7u, count, gate, v, NULL);
            gate += 4u * count;
        } else {
            for (; left != 0u; left--, literal += 2) {
                sum += v[NAME_blob_16(literal)];
            }
        }
        sum = (kind & 8u) != 0u ? 0u - sum : sum;
        scores[out] = (int32_t)((uint32_t)scores[out] + sum);
    }
}

int32_t NAME_net_predict(const struct NAME_net *net, void *workspace, const NAME_element *features)
{
    int32_t scores[NAME_CLASSES], best = 0, c;
    NAME_net_scores(net, workspace, features, scores);
    for (c = 1; c < (int32_t)NAME_CLASSES; c++) {
        best = scores[c] > scores[best] ? c : best;
    }
    return best;
}
