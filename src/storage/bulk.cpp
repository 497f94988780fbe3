#include "storage/bulk.hpp"

namespace qiao::storage {

void insert_rows(Connection& connection, const Columns& into, Values rows) {
    if (!rows.empty()) dynamic_cast<BulkInserter&>(connection).insert(into, rows);
}

}  // namespace qiao::storage
