/* Networks of the features and classes of NAME.h, read from blobs such as NAME.bin. Written by lgnc. MIT licence. */
#ifndef NAME_BLOB_H
#define NAME_BLOB_H

#include "NAME.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Features' type, names and, of codes, scales and offsets, and classes' names: a blob of others is refused. */
#define NAME_INTERFACE UINT64_C(@INTERFACE@)

/* Where blobs lie: __flash on an AVR whose blobs are in its flash, else nothing. */
#ifndef NAME_BLOB_MEMORY
#define NAME_BLOB_MEMORY
#endif

/* What is wrong with a blob. */
enum NAME_blob_fault {
    NAME_blob_GOOD = 0,
    NAME_blob_SHORT = 1, /* fewer or more bytes than it says that it has */
    NAME_blob_FOREIGN = 2, /* no blob of lgnc's */
    NAME_blob_VERSION = 3, /* of a version that this code does not know */
    NAME_blob_INTERFACE = 4, /* of other features or classes */
    NAME_blob_CHECKSUM = 5, /* damaged */
    NAME_blob_ROOM = 6, /* needs a larger workspace */
    NAME_blob_RANGE = 7 /* an entry points nowhere */
};

/* An opened blob: where its parts lie. The blob stays where it is. */
struct NAME_net {
    const NAME_BLOB_MEMORY uint8_t *step, *gate, *literal, *feature, *threshold, *offset;
    uint32_t steps, rows;
};

/* Checks `size` bytes, every entry among them, and opens them. room: bytes of the workspace. Gives an
   NAME_blob_fault; `net` may be used when that is NAME_blob_GOOD alone. */
int NAME_open(struct NAME_net *net, const NAME_BLOB_MEMORY uint8_t *blob, size_t size, size_t room);

/* The class, and the scores, of one sample. workspace: as many bytes as `net->rows`, one for each thread. */
int32_t NAME_net_predict(const struct NAME_net *net, void *workspace, const NAME_element *features);
void NAME_net_scores(const struct NAME_net *net, void *workspace, const NAME_element *features, int32_t *scores);

#ifdef __cplusplus
}
#endif

#endif
