#pragma once
/// This program again, for parts of a job.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kilonat::cli {

/// One call of this program.
struct ChildProcess {
  std::string name;                ///< for messages
  std::vector<std::string> words;  ///< of the command line, without the program's own name
};

/// Told which children run, and how many have ended.
using OnChildren = std::function<void(const std::vector<std::string>& running, std::size_t ended)>;

/// Runs the children, at most `jobs` at a time, in their order. A signal reaches them with this
/// process, since they share its process group.
///
/// @param on_tick  called several times a second, and once the last has ended, with the names of
///                 those that run and the number of those that have ended; may be empty.
/// @throws once all that were started have ended: Interrupted if this process was interrupted;
///         else what `on_tick` or starting a child threw; else the first failure, with the child's
///         name and exit code (its own line is on standard error; a child that a signal ended has
///         the code of an internal error).
void run_children(const std::vector<ChildProcess>& children, int jobs, const OnChildren& on_tick);

using StepsLeft = std::function<std::int64_t(const std::vector<std::string>& running)>;

/// The runs of a study, with its progress in training steps on standard error.
/// @param steps_left  of the whole study, as its files say, for the names of the runs at work: only
///                    their logs are of now. Not asked if `quiet`.
/// @throws as run_children.
void run_study_children(const std::vector<ChildProcess>& runs,
                        int jobs,
                        bool quiet,
                        const StepsLeft& steps_left);

}  // namespace kilonat::cli
