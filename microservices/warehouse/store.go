package warehouse

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/warehouse"
)

type row struct {
	ProductID string `gorm:"primaryKey"`
	Initial   int64
	OnHand    int64
	Reserved  int64
	Version   int64
}

// TableName names the table.
func (row) TableName() string { return "warehouse_stock" }

func (r row) level() Level {
	s := rules.Stock{OnHand: shop.Quantity(r.OnHand), Reserved: shop.Quantity(r.Reserved)}
	return Level{s, shop.ProductID(r.ProductID), r.Version}
}

type moveRow struct {
	Seq       int64 `gorm:"primaryKey;autoIncrement"`
	ProductID string
	Kind      string
	Quantity  int64
	Cause     string
	At        int64
}

// TableName names the table.
func (moveRow) TableName() string { return "warehouse_moves" }

// A Reservation is what is promised to an order.
type Reservation struct {
	OrderID string `gorm:"primaryKey"`
	State   string
	Items   string
	Expires int64
	Version int64
	Created int64
	Updated int64
}

// TableName names the table.
func (Reservation) TableName() string { return "warehouse_reservations" }

// lock reads the rows of some products for a change, in product order, so that two orders cannot wait for each other.
func lock(tx *store.Tx, items []Item) (map[shop.ProductID]row, error) {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = string(item.Product)
	}
	var rows []row
	if err := tx.Locking().Where("product_id IN ?", ids).Order("product_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	found := make(map[shop.ProductID]row, len(rows))
	for _, r := range rows {
		found[shop.ProductID(r.ProductID)] = r
	}
	return found, nil
}

// errNeverInStock is returned for a product without a row.
var errNeverInStock = errors.New("the product was never in stock")

// makeStock gives a product its row. Two at once make one row.
func makeStock(tx *store.Tx, p shop.ProductID) error {
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row{ProductID: string(p)}).Error; err != nil {
		return fmt.Errorf("make stock: %w", err)
	}
	return nil
}

// write stores the new numbers of several products in one statement, and the moves that led there in another.
func write(tx *store.Tx, levels []Level, moves []moveRow) error {
	var onHand, reserved strings.Builder
	var a, b []any
	ids := make([]string, len(levels))
	for i, l := range levels {
		onHand.WriteString(" WHEN ? THEN ?")
		reserved.WriteString(" WHEN ? THEN ?")
		ids[i] = string(l.Product)
		a, b = append(a, ids[i], int64(l.OnHand)), append(b, ids[i], int64(l.Reserved))
	}
	updates := map[string]any{
		"on_hand":  gorm.Expr("CASE product_id"+onHand.String()+" ELSE on_hand END", a...),
		"reserved": gorm.Expr("CASE product_id"+reserved.String()+" ELSE reserved END", b...),
		"version":  gorm.Expr("version + 1"),
	}
	if err := tx.Model(&row{}).Where("product_id IN ?", ids).Updates(updates).Error; err != nil {
		return fmt.Errorf("write stock: %w", err)
	}
	if err := tx.Create(&moves).Error; err != nil {
		return fmt.Errorf("write stock moves: %w", err)
	}
	return nil
}

// moved returns what was moved before under a cause.
func moved(tx *store.Tx, p shop.ProductID, kind rules.Move, cause string) (shop.Quantity, bool, error) {
	var r moveRow
	err := tx.Take(&r, "product_id = ? AND kind = ? AND cause = ?", p, kind, cause).Error
	if errors.Is(err, store.ErrNone) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read stock move: %w", err)
	}
	return shop.Quantity(r.Quantity), true, nil
}

// claim writes an order's reservation if it is the first; else it returns the one that is there, locked. One statement decides.
func claim(tx *store.Tx, r Reservation) (_ Reservation, fresh bool, err error) {
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if done.Error != nil {
		return r, false, fmt.Errorf("write reservation: %w", done.Error)
	}
	if done.RowsAffected == 1 {
		return r, true, nil
	}
	r, err = find(tx.Locking(), shop.OrderID(r.OrderID))
	return r, false, err
}

// find reads an order's reservation; store.ErrNone when there is none.
func find(q *gorm.DB, order shop.OrderID) (r Reservation, err error) {
	if err := q.Take(&r, "order_id = ?", order).Error; err != nil {
		return r, fmt.Errorf("read reservation: %w", err)
	}
	return r, nil
}

// keep says whether there was one to be kept.
func keep(tx *store.Tx, order shop.OrderID, now int64) (bool, error) {
	done := tx.Model(&Reservation{}).Where("order_id = ? AND state = ?", order, held).
		Updates(map[string]any{"state": kept, "expires": 0, "updated": now, "version": gorm.Expr("version + 1")})
	if done.Error != nil {
		return false, fmt.Errorf("keep reservation: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

func save(tx *store.Tx, r Reservation) error {
	if err := tx.Save(&r).Error; err != nil {
		return fmt.Errorf("write reservation: %w", err)
	}
	return nil
}

// batch is how many reservations are looked at in one go.
const batch = 100

// soonest returns the reservations that end first.
func soonest(q *gorm.DB) (rows []Reservation, err error) {
	err = q.Select("order_id", "expires").Where("state = 'held'").Order("expires").Limit(batch).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for reservations: %w", err)
	}
	return rows, nil
}

const rowsAtOnce = 500 // of one statement: both databases bound its parameters

// seed writes the stock of the seeded catalog.
func seed(tx *store.Tx, seed uint64, n int) error {
	rows := make([]row, n)
	for i := range n {
		q := int64(rules.SeedStock(seed, i))
		rows[i] = row{ProductID: string(shop.SeedProduct(seed, i)), Initial: q, OnHand: q}
	}
	return tx.CreateInBatches(&rows, rowsAtOnce).Error
}

// audit reads rows and moves in one snapshot. A reservation that is held is an order that is not decided: there is work left.
func (w *Warehouse) audit(ctx context.Context, a *internalapi.Audit) error {
	return w.db.Snapshot(ctx, func(q *gorm.DB) error {
		var undecided int64
		if err := q.Model(&Reservation{}).Where("state = 'held'").Count(&undecided).Error; err != nil {
			return fmt.Errorf("count reservations: %w", err)
		}
		a.Work.OrdersPending += undecided
		err := q.Raw(`SELECT product_id, initial, on_hand, reserved FROM warehouse_stock WHERE version > 0 ORDER BY product_id`).
			Scan(&a.Stock).Error
		if err != nil {
			return fmt.Errorf("read stock: %w", err)
		}
		err = q.Raw(`SELECT seq AS sequence, product_id, kind, quantity, cause FROM warehouse_moves ORDER BY seq`).Scan(&a.StockMoves).Error
		if err != nil {
			return fmt.Errorf("read stock moves: %w", err)
		}
		return nil
	})
}
