#pragma once

#include "access/grant.hpp"
#include "access/manifest.hpp"
#include "access/organisation.hpp"
#include "access/signing.hpp"
#include "flow/case.hpp"
#include "flow/clock.hpp"
#include "flow/events.hpp"
#include "flow/fields.hpp"
#include "flow/pack.hpp"
#include "flow/study_port.hpp"
#include "flow/table.hpp"
#include "record/record.hpp"
#include "storage/blob_store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One move while it is carried out: what a verb sees, and what it adds to the one commit. Belongs to one thread.
namespace qiao::flow {

/// What the engine and the services of one centre stand on. Everything in it is thread-safe and outlives them.
struct Ground {
    storage::Database& database;
    storage::Writer& writer;
    record::Record& record;
    access::Directory& directory;
    access::Grants& grants;
    access::Signing& signing;
    storage::BlobStore& blobs;
    StudyPort& studies;
    Events& events;
    const Clock& clock;
    std::shared_ptr<const Pack> pack;
};

/// What a guard may look at.
struct GuardContext {
    const Ground& ground;
    const Case& item;
    Instant now;
    std::int64_t person = 0;  ///< who would make the move; 0 = the system
};

/// Somebody to whom the case opens something: the whole patient, or the resources of the case.
struct Viewer {
    std::int64_t key = 0;
    std::string reason;
    bool whole_patient = false;
    bool frozen = false;  ///< keeps the items it has, gets no new ones
};

/// As the case keeps them.
std::vector<Viewer> viewers_of(const Case& item);

class Move {
public:
    Move(const Ground& the_ground, Case the_case, const record::Actor& the_actor, const MoveInput& the_input, record::Work& the_work, Instant the_now);

    const Ground& ground;
    Case item;  ///< as it is; its `state` changes after the verb
    const record::Actor& actor;
    const MoveInput& input;
    json::Value fields;  ///< input.fields over the draft that the move takes
    record::Work& work;
    const Instant now;
    Instant occurred;
    const Row* row = nullptr;
    std::string role;                             ///< the case role in which the caller moves
    json::Value request;                          ///< the ServiceRequest, written back at the end
    json::Value details = json::Value::object();  ///< for the timeline
    std::string to_state;                         ///< set by a verb that brings a case back where it was; empty = as the row says
    std::string title;                            ///< Task.description, no name in it

    // Resources.
    /// Creates a resource of the case: it is locked to moves and shown to who sees the case's items. @return "Type/id"
    std::string create(json::Value resource, std::string_view kind);
    /// A new version of one that the case has.
    void replace(std::string_view reference, json::Value resource);
    /// A resource that exists becomes one of the case, or is no longer.
    void add_item(std::string_view reference, std::string_view kind);
    void drop_item(std::string_view reference);
    [[nodiscard]] std::vector<std::string> items(std::string_view kind) const;
    /// The newest version in this move, else the stored one.
    json::Value read(std::string_view reference);

    // Signature of this move.
    void sign_over(std::string_view reference);
    void sign_over(const Attachment& attachment);

    // Rights. Keys are access::person_key and the like.
    void show_patient(std::int64_t key, std::string_view reason);
    void show_items(std::int64_t key, std::string_view reason);
    void shrink(std::int64_t key, std::vector<std::string> references);
    void end_right(std::int64_t key);
    void end_all_rights();

    // Parts.
    /// A child Task of the machine `part` for one asked person; returns its id.
    std::string open_part(const Party& party);
    /// To `offered`: asked again, the clock of the offer begins anew.
    void move_part(std::string_view part_id, std::string_view action, std::string_view state, Meaning meaning, bool ended);

    /// The clocks of the case as this cascade found them.
    void restore_clocks(const std::string& cascade);

    void notify(Audience to, std::string_view code, json::Value params = json::Value::object());
    [[nodiscard]] Audience desk() const;    ///< coordinators of the receiving institution
    [[nodiscard]] Audience office() const;  ///< coordinators of the sending institution and of its parent
    [[nodiscard]] Audience requester() const;
    [[nodiscard]] Audience lead() const;
    [[nodiscard]] Audience everybody() const;  ///< requester, experts, the desk and the office that know of the case

    [[nodiscard]] json::Value organisation_ref(std::int64_t id) const;  ///< {"reference": …, "display": …}
    [[nodiscard]] json::Value person_ref(std::int64_t id) const;

private:
    void run_offer_clock(const std::string& part_id);

    friend class Engine;
    friend class Commit;
    struct Known {
        json::Value value;
        std::int64_t version = 0;  ///< that it has after this commit
    };
    struct Right {
        enum class Kind : std::uint8_t { shrink, end, end_all } kind;
        std::int64_t key = 0;
        std::vector<std::string> references = {};
    };
    struct PartMove {
        Case item;
        MoveRow move;
    };

    std::vector<Item> items_;  ///< all, with those of this move
    std::vector<Item> new_items_;
    std::vector<std::string> dropped_items_;
    std::map<std::string, Known, std::less<>> known_;
    std::vector<std::string> signed_;
    std::vector<access::SignedAttachment> signed_attachments_;
    std::vector<Viewer> viewers_;
    std::vector<Right> rights_;
    std::vector<Notice> notices_;
    std::vector<ClockRow> clocks_;  ///< all of the case, as they are after this move
    std::vector<MoveRow> moves_;    ///< of this commit: the move and what followed by itself
    std::vector<PartMove> parts_;
    std::vector<std::function<void(storage::Group&)>> rows_;

public:
    /// Further rows of the service in this commit; on the writer thread.
    void also(std::function<void(storage::Group&)> rows) { rows_.push_back(std::move(rows)); }
    [[nodiscard]] const std::vector<ClockRow>& clocks() const { return clocks_; }
};

}  // namespace qiao::flow
