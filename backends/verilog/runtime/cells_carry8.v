// As UG974 has it, of the type SINGLE_CY8: CI_TOP is not read.
`default_nettype none

module CARRY8 (
  output wire [7:0] CO, output wire [7:0] O, input wire CI, input wire CI_TOP, input wire [7:0] DI, input wire [7:0] S
);
  wire carry0 = S[0] ? CI : DI[0];
  wire carry1 = S[1] ? carry0 : DI[1];
  wire carry2 = S[2] ? carry1 : DI[2];
  wire carry3 = S[3] ? carry2 : DI[3];
  wire carry4 = S[4] ? carry3 : DI[4];
  wire carry5 = S[5] ? carry4 : DI[5];
  wire carry6 = S[6] ? carry5 : DI[6];
  wire carry7 = S[7] ? carry6 : DI[7];
  assign CO = {carry7, carry6, carry5, carry4, carry3, carry2, carry1, carry0};
  assign O = S ^ {carry6, carry5, carry4, carry3, carry2, carry1, carry0, CI};
  wire unused = CI_TOP;
endmodule

`default_nettype wire
