#pragma once

#include <iosfwd>

/// `qiao fhirpath`: evaluates expressions from JSON lines, without a data folder. Called once, by main.
namespace qiao::app {

/// Each line of `in`, {"n":1,"expression":"…","resource":{…}|null}, is answered by one line of `out`, in order:
/// {"n":1,"result":[{"type":"string","value":"…"}]} or {"n":1,"error":"…"}; docs/fhirpath.md says how values are written.
/// A line may have 64 MiB. Exit status 0; 1 when a line was no such object.
int evaluate_lines(std::istream& in, std::ostream& out);

}  // namespace qiao::app
