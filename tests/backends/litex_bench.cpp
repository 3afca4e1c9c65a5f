// Reads and writes words on the Wishbone bus of a verilated `soc`: lines `w ADDRESS VALUE`, `r ADDRESS`, and
// `u ADDRESS MASK`, which reads until a bit of MASK is set. Out comes what was read, of `u` the last.
#include <cstdio>
#include <cstdlib>

#include "Vsoc.h"

double sc_time_stamp() { return 0; }

static Vsoc soc;
static unsigned found;

static void tick() {
  soc.clk = 1;
  soc.eval();
  soc.clk = 0;
  soc.eval();
}

static bool access(unsigned address, bool write, unsigned value) {
  soc.bus_adr = address >> 2;
  soc.bus_dat_w = value;
  soc.bus_we = write;
  soc.bus_cyc = soc.bus_stb = 1;
  soc.eval();
  for (int left = 1000; !soc.bus_ack; left--) {
    if (!left || soc.bus_err) return false;
    tick();
  }
  found = soc.bus_dat_r;
  tick();
  soc.bus_cyc = soc.bus_stb = 0;
  soc.eval();
  tick();
  return true;
}

int main() {
  soc.rst = 1;
  for (int i = 0; i < 8; i++) tick();
  soc.rst = 0;
  soc.bus_sel = 15;
  char what;
  unsigned address, value = 0;
  while (scanf(" %c %u", &what, &address) == 2) {
    if (what != 'r' && scanf("%u", &value) != 1) return 2;
    bool answered = access(address, what == 'w', value);
    for (int left = 1000; what == 'u' && answered && !(found & value); left--)
      answered = left && access(address, false, 0);
    if (!answered) {
      fprintf(stderr, "no answer of %#x\n", address);
      return 1;
    }
    if (what != 'w') printf("%u\n", found);
  }
  return 0;
}
