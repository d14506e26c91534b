#pragma once
/// This program again, for parts of a job.

#include <functional>
#include <string>
#include <vector>

namespace kilonat::cli {

/// One call of this program.
struct ChildProcess {
  std::string name;                ///< for messages
  std::vector<std::string> words;  ///< of the command line, without the program's own name
};

/// Runs the children, at most `jobs` at a time, in their order. A signal reaches them with this
/// process, since they share its process group.
///
/// @param on_done  called with the name of each that ended well.
/// @throws Interrupted if this process was interrupted; else, once all that were started have
///         ended, the first failure, with the child's name and exit code (its own line is on
///         standard error; a child that a signal ended has the code of an internal error).
void run_children(const std::vector<ChildProcess>& children,
                  int jobs,
                  const std::function<void(const std::string&)>& on_done);

/// The runs of a study, with a line of progress on standard error for each that is done.
/// @throws as run_children.
void run_study_children(const std::vector<ChildProcess>& runs, int jobs, bool quiet);

}  // namespace kilonat::cli
