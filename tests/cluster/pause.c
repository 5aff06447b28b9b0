// Holds a pod's namespaces until it is told to end; nothing else.
#include <signal.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    signal(SIGINT, end);
    signal(SIGTERM, end);
    for (;;)
        pause();
}
