# make: the image.  make run: on simavr.  make size: flash and RAM.  make flash PORT=/dev/ttyUSB0: to an Arduino.
CC = avr-gcc
SIZE = avr-size
SIMAVR = simavr
PORT = /dev/ttyACM0
CFLAGS = -std=gnu99 -Os -mmcu=atmega328p -DF_CPU=16000000UL -ffunction-sections -Wall -Wextra

NAME.elf: main.o board.o NAME.o
	$(CC) $(CFLAGS) -Wl,--gc-sections -o $@ main.o board.o NAME.o

main.o: main.c ../NAME.h NAME_rows.h board.h
board.o: board.c board.h
NAME.o: ../NAME.c ../NAME.h
	$(CC) $(CFLAGS) -c -o $@ ../NAME.c

run: NAME.elf
	$(SIMAVR) -m atmega328p -f 16000000 NAME.elf 2>&1

size: NAME.elf NAME.o
	$(SIZE) NAME.o NAME.elf

flash: NAME.elf
	avrdude -p m328p -c arduino -P $(PORT) -U flash:w:NAME.elf:e

clean:
	rm -f *.o NAME.elf

.PHONY: run size flash clean
