#pragma once
/// Ctrl-C and SIGTERM as a flag that long work polls.

#include <string_view>

namespace kilonat {

/// From now on the first SIGINT or SIGTERM sets the flag; a second one exits at once with code 130.
/// Call once, in main.
void install_interrupt_handler();

/// True after the first signal. Async-signal-safe, cheap enough for every step.
[[nodiscard]] bool interrupt_requested();

/// @throws Interrupted("`what`: interrupted") if a signal has come.
void throw_if_interrupted(std::string_view what);

/// Sets or clears the flag by hand: for tests, and for a library user with handlers of his own.
void set_interrupt_requested(bool requested);

}  // namespace kilonat
