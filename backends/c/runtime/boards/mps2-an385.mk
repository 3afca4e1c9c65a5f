# make: the image.  make run: on QEMU, where the count of instructions is exact.  make size: flash and RAM.
CC = arm-none-eabi-gcc
SIZE = arm-none-eabi-size
QEMU = qemu-system-arm
CFLAGS = -std=c99 -O2 -mcpu=cortex-m3 -mthumb -ffunction-sections -Wall -Wextra
LDFLAGS = --specs=nano.specs -nostartfiles -T board.ld -Wl,--gc-sections

NAME.elf: main.o board.o NAME.o board.ld
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ main.o board.o NAME.o

main.o: main.c ../NAME.h NAME_rows.h board.h
board.o: board.c board.h
NAME.o: ../NAME.c ../NAME.h
	$(CC) $(CFLAGS) -c -o $@ ../NAME.c

run: NAME.elf
	$(QEMU) -M mps2-an385 -cpu cortex-m3 -icount shift=6,align=off,sleep=off -display none -serial none \
	-monitor none -chardev stdio,id=host -semihosting-config enable=on,target=native,chardev=host -kernel NAME.elf

size: NAME.elf NAME.o
	$(SIZE) NAME.o NAME.elf

clean:
	rm -f *.o NAME.elf

.PHONY: run size clean
