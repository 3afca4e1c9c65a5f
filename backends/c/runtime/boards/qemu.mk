# make: the image.  make run: on QEMU, where the count of instructions is exact.  make size: flash and RAM.
CC = @TOOLS@-gcc
SIZE = @TOOLS@-size
QEMU = @QEMU@
CFLAGS = -std=c99 -O2 @CPU@ --specs=@SPECS@ -ffunction-sections -Wall -Wextra
LDFLAGS = -nostartfiles -T board.ld -Wl,--gc-sections

NAME.elf: main.o board.o NAME.o board.ld
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ main.o board.o NAME.o

main.o: main.c ../NAME.h NAME_rows.h board.h
board.o: board.c board.h
NAME.o: ../NAME.c ../NAME.h
	$(CC) $(CFLAGS) -c -o $@ ../NAME.c

run: NAME.elf
	$(QEMU) -M @MACHINE@ -icount shift=@SHIFT@,align=off,sleep=off -display none \
	-monitor none @CONSOLE@ -kernel NAME.elf

size: NAME.elf NAME.o
	$(SIZE) NAME.o NAME.elf

clean:
	rm -f *.o NAME.elf

.PHONY: run size clean
