// What the cells of a mapped design do, for simulators: tables and carry cells as Lattice's FPGA-TN-02200 describes them.
// Synthesis has its own: leave this file out there.
// verilator lint_off DECLFILENAME
`default_nettype none

module LUT4 #(parameter [15:0] INIT = 16'h0) (output wire Z, input wire A, input wire B, input wire C, input wire D);
  assign Z = INIT[{D, C, B, A}];
endmodule

module CCU2C #(
  parameter [15:0] INIT0 = 16'h0, parameter [15:0] INIT1 = 16'h0, parameter INJECT1_0 = "YES", parameter INJECT1_1 = "YES"
) (
  input wire CIN,
  input wire A0, input wire B0, input wire C0, input wire D0, input wire A1, input wire B1, input wire C1, input wire D1,
  output wire S0, output wire S1, output wire COUT
);
  wire propagate0 = INIT0[{D0, C0, B0, A0}];
  wire propagate1 = INIT1[{D1, C1, B1, A1}];
  wire generate0 = INJECT1_0 == "NO" ? INIT0[{2'b00, B0, A0}] : 1'b0;
  wire generate1 = INJECT1_1 == "NO" ? INIT1[{2'b00, B1, A1}] : 1'b0;
  wire middle = propagate0 ? CIN : generate0;
  assign S0 = propagate0 ^ (INJECT1_0 == "NO" ? CIN : 1'b0);
  assign S1 = propagate1 ^ (INJECT1_1 == "NO" ? middle : 1'b0);
  assign COUT = propagate1 ? middle : generate1;
endmodule

`default_nettype wire
