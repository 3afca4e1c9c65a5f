/* What main.c needs of a board. MIT licence. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Rows lie in flash: __FLASH marks compilers (avr-gcc) that must be told so. */
#ifdef __FLASH
#define BOARD_FLASH __flash
#else
#define BOARD_FLASH
#endif

void board_start(void);
void board_put(char letter);
uint32_t board_ticks(void); /* BOARD_TICKS since the start */
void board_stop(int failed);

#define BOARD_TICKS "@TICKS@"

#endif
