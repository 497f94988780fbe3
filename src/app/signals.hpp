#pragma once

#include <csignal>

/// What a program that serves does first, on the main thread, before any other thread starts.
namespace qiao::app {

/// Signals are taken by sigwait: blocked before the first thread starts, so that every thread inherits it. SIGPIPE is ignored.
sigset_t block_end_signals();
/// A dump would hold patients' data.
void no_core_dumps();

}  // namespace qiao::app
