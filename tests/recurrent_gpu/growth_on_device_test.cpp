#include "recurrent_gpu/under_device_test.h"
