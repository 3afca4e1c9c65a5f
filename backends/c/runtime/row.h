/* The highest of NAME_CLASSES scores less the second highest: how sure the class is. 0 where two share the top, and with
   a single class. Divided by NAME_TAU it is the trained model's own margin. */
uint32_t NAME_margin(const int32_t *scores);
