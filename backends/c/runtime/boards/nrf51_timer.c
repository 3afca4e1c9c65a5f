
#define TIMER(offset) (*(volatile uint32_t *)(0x40008000u + (offset)))
#define TIMER_START 0x000u
#define TIMER_CAPTURE 0x040u
#define TIMER_BITS 0x508u
#define TIMER_PRESCALER 0x510u
#define TIMER_CAPTURED 0x540u

void board_start(void)
{
    TIMER(TIMER_BITS) = 3; /* 32 */
    TIMER(TIMER_PRESCALER) = 0;
    TIMER(TIMER_START) = 1;
}

/* A 16 MHz counter. Under qemu -icount shift=6 an instruction takes 64 ns: 128/125 of a count. */
uint32_t board_ticks(void)
{
    uint32_t count;
    TIMER(TIMER_CAPTURE) = 1;
    count = TIMER(TIMER_CAPTURED);
    return count - (count / 128u * 3u + count % 128u * 3u / 128u);
}
