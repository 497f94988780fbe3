#pragma once

#include <iosfwd>

/// `qiao validate`: one resource a line in, one OperationOutcome a line out, in the same order; blank lines are passed over. The
/// checks are those of `$validate`. Main thread.
namespace qiao::app {

/// @return 0; what is wrong with a resource stands in its line
int validate_lines(std::istream& in, std::ostream& out);

}  // namespace qiao::app
