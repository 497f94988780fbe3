#pragma once

#include "base/time.hpp"
#include "imaging/dataset_walker.hpp"
#include "imaging/part10.hpp"
#include "imaging/rows.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

/// Where received DICOM objects go: the archive of a centre, or the queue of a gateway. Thread-safe: associations call it
/// from threads of their own.
namespace qiao::imaging {

struct IngestResult {
    enum class Outcome : std::uint8_t {
        stored,      ///< or there already with the same bytes
        conflict,    ///< kept, not shown: DIMSE warning 0xB000
        unreadable,  ///< 0xC000
        mismatch,    ///< not what the command or the file meta said: 0xA900
        syntax,      ///< a transfer syntax that is not stored: 0xC122
        full,        ///< no space, or the storage failed: 0xA700
    };
    Outcome outcome = Outcome::stored;
    std::string reason;  ///< of everything but `stored`: a phrase without data of the object
    std::string sop_class;
    std::string sop_instance;
    std::string study;
};

/// Whose object it is by its UIDs: `stored` with its names, or why it cannot be kept whatever its bytes are.
IngestResult named(const Walked& walked, const FileMeta& meta);

class ObjectSink {
public:
    virtual ~ObjectSink() = default;

    /// A data set that came over a network. Durable when it returns `stored` or `conflict`. @param sha256 of `dataset`
    virtual IngestResult ingest(const Walked& walked, FileMeta meta, std::string_view dataset, std::string sha256, const Source& source) = 0;
    /// Whether the disk has room for another object.
    [[nodiscard]] virtual bool has_room() const = 0;
    /// These studies need not be quiet any longer.
    virtual void release(const std::set<std::string>& study_uids) = 0;

    // For the operator; what is told may throw and is lost then.
    virtual void note_refusal(const Refusal& refusal) = 0;
    virtual void note_association(const Ae& ae, Instant at) = 0;
    virtual void note_objects(const Ae& ae, std::int64_t count, Instant last) = 0;

    /// For objects that are too large for memory while they arrive.
    [[nodiscard]] virtual const std::string& folder() const = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
};

}  // namespace qiao::imaging
