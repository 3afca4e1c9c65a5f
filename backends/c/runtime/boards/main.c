/* Runs the rows of NAME_rows.h, prints each answer, and counts what each class gets. MIT licence. */
#include "../NAME.h"
#include "NAME_rows.h"
#include "board.h"

static uint8_t workspace[NAME_WORKSPACE];
static NAME_element row[NAME_FEATURES + (NAME_FEATURES == 0u)];

static void text(const char *words)
{
    while (*words != '\0') {
        board_put(*words++);
    }
}

static void number(int32_t value)
{
    char digits[11];
    uint32_t rest = (uint32_t)value;
    unsigned count = 0;
    if (value < 0) {
        board_put('-');
        rest = 0u - rest;
    }
    do {
        digits[count++] = (char)('0' + (char)(rest % 10u));
        rest /= 10u;
    } while (rest != 0u);
    while (count != 0u) {
        board_put(digits[--count]);
    }
}

static void named(const char *words, int32_t value)
{
    text(words);
    number(value);
}

#ifdef NAME_CLASSES
#define ANSWERS NAME_CLASSES
static int32_t answer[ANSWERS];
static int32_t per_class[NAME_CLASSES];

/* The class, and then the scores, of one row. */
static uint32_t run(int32_t index)
{
    int32_t class = 0;
    uint32_t start = board_ticks(), ticks;
    unsigned c;
    NAME_predict_in(workspace, row, 1, &class);
    ticks = board_ticks() - start;
    NAME_scores_in(workspace, row, 1, answer);
    per_class[class]++;
    named("row ", index);
    named(" class ", class);
    text(" scores");
    for (c = 0; c != NAME_CLASSES; c++) {
        named(" ", answer[c]);
    }
    text("\n");
    return ticks;
}

static void summary(void)
{
    unsigned c;
    for (c = 0; c != NAME_CLASSES; c++) {
        named("class ", (int32_t)c);
        named(" rows ", per_class[c]);
        text("\n");
    }
}
#else
#define ANSWERS NAME_OUTPUTS
static uint8_t answer[ANSWERS + 1u];

/* The outputs of one row. */
static uint32_t run(int32_t index)
{
    uint32_t start = board_ticks(), ticks;
    unsigned k;
    NAME_outputs_in(workspace, row, 1, answer);
    ticks = board_ticks() - start;
    named("row ", index);
    text(" outputs ");
    for (k = 0; k != NAME_OUTPUTS; k++) {
        board_put(answer[k] != 0u ? '1' : '0');
    }
    text("\n");
    return ticks;
}

static void summary(void)
{
}
#endif

int main(void)
{
    const BOARD_FLASH NAME_element *x = NAME_rows;
#if NAME_EXPECTED
    const BOARD_FLASH int32_t *expected = NAME_expected;
    int good;
#endif
    uint32_t ticks = 0;
    int32_t index, wrong = 0;
    unsigned k;
    board_start();
    for (index = 0; index != NAME_ROW_COUNT; index++) {
        for (k = 0; k != NAME_FEATURES; k++) {
            row[k] = *x++;
        }
        ticks += run(index);
#if NAME_EXPECTED
        good = 1;
        for (k = 0; k != ANSWERS; k++) {
            good &= *expected++ == (int32_t)answer[k];
        }
        wrong += !good;
#endif
    }
    summary();
    named("rows ", NAME_ROW_COUNT);
#if NAME_EXPECTED
    named(" wrong ", wrong);
#endif
    text(" " BOARD_TICKS " ");
    number((int32_t)(ticks / (NAME_ROW_COUNT != 0 ? NAME_ROW_COUNT : 1)));
    text(" a row\n");
    board_stop(wrong != 0);
    return 0;
}
