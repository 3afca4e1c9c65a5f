/* ATmega328P (Arduino Uno, Nano) at 16 MHz: the serial port and a cycle counter. MIT licence. */
#include "board.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

void board_start(void)
{
    UCSR0A = (uint8_t)(1u << U2X0);
    UBRR0 = 1; /* 1 Mbaud */
    UCSR0B = (uint8_t)(1u << TXEN0);
    TCCR1A = 0;
    TCCR1B = 1; /* a count each cycle */
    TIMSK1 = (uint8_t)(1u << TOIE1);
    sei();
}

/* The interrupt adds some thirty cycles to each 65,536. */
uint32_t board_ticks(void)
{
    uint16_t low, high;
    cli();
    low = TCNT1;
    high = overflows;
    if ((TIFR1 & (1u << TOV1)) != 0u && low < 0x8000u) {
        high++;
    }
    sei();
    return ((uint32_t)high << 16) | low;
}

void board_put(char letter)
{
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    UDR0 = (uint8_t)letter;
}

/* Sleeping with interrupts off: the end for a simulator too. */
void board_stop(int failed)
{
    (void)failed;
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    cli();
    sleep_enable();
    for (;;) {
        sleep_cpu();
    }
}
