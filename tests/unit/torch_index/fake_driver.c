/* A stand-in for NVIDIA's libraries: what it answers comes from the environment.
 *   FAKE_CUDA   the driver API's version, such as 12040; unset: the call fails
 *   FAKE_GPUS   "name:major.minor,name:major.minor"
 *   FAKE_FAIL   "init": starting fails; "hang": it never returns; "crash": it aborts; "noise": it prints;
 *               "attribute": a GPU does not tell its capability
 * Built as libnvidia-ml.so.1, as libcuda.so.1, and as an old libnvidia-ml.so.1 that lacks functions (OLD). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int start(void) {
    const char *fail = getenv("FAKE_FAIL");
    if (fail && !strcmp(fail, "hang")) for (;;) pause();
    if (fail && !strcmp(fail, "crash")) abort();
    if (fail && !strcmp(fail, "noise")) puts("Welcome to the driver!");
    return fail && !strcmp(fail, "init") ? 9 : 0;
}

static int gpu(int index, char *name, int length, int *major, int *minor) {
    char list[1024], *item, *rest = list;
    const char *gpus = getenv("FAKE_GPUS");
    snprintf(list, sizeof list, "%s", gpus ? gpus : "");
    for (int i = 0; (item = strsep(&rest, ",")); i++) {
        char *colon = strchr(item, ':');
        if (!colon) return -1;
        if (i == index) {
            *colon = 0;
            if (name) snprintf(name, length, "%s", item);
            return sscanf(colon + 1, "%d.%d", major, minor) == 2 ? 0 : -1;
        }
    }
    return -1;
}

static int count(void) {
    int n = 0, major, minor;
    while (gpu(n, NULL, 0, &major, &minor) == 0) n++;
    return n;
}

static int attribute_fails(void) {
    const char *fail = getenv("FAKE_FAIL");
    return fail && !strcmp(fail, "attribute");
}

static int cuda(int *version) {
    const char *text = getenv("FAKE_CUDA");
    if (!text) return 3;
    *version = atoi(text);
    return 0;
}

#ifdef NVML
int nvmlInit_v2(void) { return start(); }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    const char *driver = getenv("FAKE_DRIVER");
    snprintf(text, length, "%s", driver ? driver : "550.54.15");
    return 0;
}
#ifndef OLD
int nvmlSystemGetCudaDriverVersion(int *version) { return cuda(version); }
#endif
int nvmlDeviceGetCount_v2(unsigned *n) { *n = count(); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = (void *)(size_t)(index + 1); return 0; }
int nvmlDeviceGetName(void *handle, char *name, unsigned length) {
    int major, minor;
    return gpu((int)(size_t)handle - 1, name, length, &major, &minor);
}
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
    return attribute_fails() ? 3 : gpu((int)(size_t)handle - 1, NULL, 0, major, minor);
}
#else
int cuDriverGetVersion(int *version) { return cuda(version); }
int cuInit(unsigned flags) { (void)flags; return getenv("CUDA_VISIBLE_DEVICES") ? 100 : start(); }
int cuDeviceGetCount(int *n) { *n = count(); return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }
int cuDeviceGetName(char *name, int length, int device) { int a, b; return gpu(device, name, length, &a, &b); }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    int major, minor;
    if (attribute_fails() || gpu(device, NULL, 0, &major, &minor)) return 1;
    *value = attribute == 75 ? major : minor;
    return 0;
}
#endif
