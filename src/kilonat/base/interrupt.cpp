#include "kilonat/base/interrupt.h"

#include <csignal>
#include <unistd.h>

#include "kilonat/base/errors.h"

namespace kilonat {

namespace {

constexpr int kExitInterrupted = 130;
volatile std::sig_atomic_t g_requested = 0;  // a signal handler can reach nothing else

extern "C" void on_signal(int) {
  if (g_requested != 0) ::_exit(kExitInterrupted);
  g_requested = 1;
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  static_cast<void>(sigaction(SIGINT, &action, nullptr));
  static_cast<void>(sigaction(SIGTERM, &action, nullptr));
}

bool interrupt_requested() {
  return g_requested != 0;
}

void throw_if_interrupted(std::string_view what) {
  KILONAT_REQUIRE(!interrupt_requested(), Interrupted, "{}: interrupted", what);
}

void set_interrupt_requested(bool requested) {
  g_requested = requested ? 1 : 0;
}

}  // namespace kilonat
