#include "postgres.h"
typedef int verify_placeholder;
