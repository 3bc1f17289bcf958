/* A stand-in for libcuda.so.1 and libnvidia-ml.so.1 that claims one GPU and can do nothing with it. With it,
   TensorFlow goes on to the point where it opens the CUDA libraries, without a GPU: the point at which stock images fail
   with "Cannot dlopen some GPU libraries". Everything that would compute is absent, on purpose. */
#include <string.h>

int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) { *version = 12080; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
    case 10: *value = 32; break;    /* warp size */
    case 13: *value = 1000000; break; /* clock, kHz */
    case 16: *value = 64; break;    /* multiprocessors */
    case 75: *value = 9; break;     /* compute capability 9.0 */
    case 76: *value = 0; break;
    default: *value = 1024;
    }
    return 0;
}
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "stand-in", length); return 0; }
int cuDeviceTotalMem_v2(unsigned long *bytes, int device) { *bytes = 1UL << 34; return 0; }
int cuDeviceGetPCIBusId(char *name, int length, int device) { strncpy(name, "0000:00:00.0", length); return 0; }
int cuGetErrorName(int error, const char **name) { *name = "STAND_IN"; return 0; }
int cuGetErrorString(int error, const char **text) { *text = "stand-in driver"; return 0; }

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByPciBusId_v2(const char *name, void **handle) { *handle = (void *)1; return 0; }
