// Drives a verilated design: rows of words in from a file, rows of results out to another.
//
// A row is the input port in 32-bit words, the lowest first; a result is each output port likewise, the first port
// first. SOURCE is the input, RESULTS(give) gives the outputs. A design with a clock is driven through its handshake.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "Vdesign.h"
#include "verilated.h"

typedef std::vector<uint32_t> Words;
static const long kPatience = 1 << 20;  // clocks without a row taken or a result given

template <std::size_t N>
static std::size_t words(const VlWide<N>&) { return N; }
template <class T>
static std::size_t words(const T&) { return sizeof(T) > 4 ? 2 : 1; }

template <std::size_t N>
static void load(VlWide<N>& port, const uint32_t* row) { std::memcpy(&port[0], row, 4 * N); }
template <class T>
static void load(T& port, const uint32_t* row) {
  uint64_t value = row[0];
  if (sizeof(T) > 4) value |= static_cast<uint64_t>(row[1]) << 32;
  port = static_cast<T>(value);
}

template <std::size_t N>
static void store(const VlWide<N>& port, Words& out) { out.insert(out.end(), &port[0], &port[0] + N); }
template <class T>
static void store(const T& port, Words& out) {
  uint64_t value = port;
  out.push_back(static_cast<uint32_t>(value));
  if (sizeof(T) > 4) out.push_back(static_cast<uint32_t>(value >> 32));
}

template <class Design>
static void results(Design& design, Words& out) {
#define GIVE(port) store(design.port, out);
  RESULTS(GIVE)
}

// With a handshake: a row in whenever there is one, a result out whenever there is one.
template <class Design>
static auto drive(Design& design, const Words& rows, std::size_t width, Words& out, int)
    -> decltype(design.in_valid, true) {
  const std::size_t count = rows.size() / width;
  std::size_t taken = 0, given = 0;
  design.out_ready = 1;
  long idle = 0;
  for (int clock = 0; given < count; clock++) {
    design.rst = clock < 2;
    design.in_valid = clock >= 2 && taken < count;
    if (taken < count) load(design.SOURCE, &rows[taken * width]);
    design.clk = 0;
    design.eval();
    const bool take = design.in_valid && design.in_ready, give = !design.rst && design.out_valid;
    if (give) results(design, out);
    design.clk = 1;
    design.eval();
    taken += take;
    given += give;
    idle = take || give ? 0 : idle + 1;
    if (idle > kPatience || given > taken) return false;
    if (clock > 2) clock = 2;
  }
  return true;
}

template <class Design>
static bool drive(Design& design, const Words& rows, std::size_t width, Words& out, long) {
  for (std::size_t at = 0; at < rows.size(); at += width) {
    load(design.SOURCE, &rows[at]);
    design.eval();
    results(design, out);
  }
  return true;
}

static int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return fail("usage: design ROWS RESULTS");
  Vdesign design;
  const std::size_t width = words(design.SOURCE), part = 4096 * width;
  std::FILE* in = std::fopen(argv[1], "rb");
  std::FILE* to = std::fopen(argv[2], "wb");
  if (!in || !to) return fail("cannot open the files of rows and results");
  Words rows(part), out;
  for (std::size_t got; (got = std::fread(rows.data(), 4, part, in)) > 0;) {
    if (got % width) return fail("the last row is not whole");
    rows.resize(got);
    out.clear();
    if (!drive(design, rows, width, out, 0)) return fail("the design gives no results, or too many");
    if (std::fwrite(out.data(), 4, out.size(), to) != out.size()) return fail("cannot write the results");
    rows.resize(part);
  }
  design.final();
  return std::fclose(to) ? fail("cannot write the results") : 0;
}
