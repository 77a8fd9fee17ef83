// A libcuda.so.1, which the program looks for before it loads the GPU module; the stand-in needs nothing from
// it.
extern "C" void modsweep_no_driver() {}
