// What the cells of a mapped design do, for simulators: tables and carries as Lattice's iCE40 library describes them.
// Synthesis has its own: leave this file out there.
// verilator lint_off DECLFILENAME
`default_nettype none

module SB_LUT4 #(parameter [15:0] LUT_INIT = 16'h0) (
  output wire O, input wire I0, input wire I1, input wire I2, input wire I3
);
  assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule

module SB_CARRY (output wire CO, input wire I0, input wire I1, input wire CI);
  assign CO = (I0 & I1) | ((I0 | I1) & CI);
endmodule

`default_nettype wire
