`default_nettype none

module CARRY4 (
  output wire [3:0] CO, output wire [3:0] O, input wire CI, input wire CYINIT, input wire [3:0] DI, input wire [3:0] S
);
  wire first = CI | CYINIT;
  wire second = S[0] ? first : DI[0];
  wire third = S[1] ? second : DI[1];
  wire fourth = S[2] ? third : DI[2];
  assign CO = {S[3] ? fourth : DI[3], fourth, third, second};
  assign O = S ^ {fourth, third, second, first};
endmodule

`default_nettype wire
