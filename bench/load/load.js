// The load of the laboratory: what shoppers do, and how often.
//
// Arrivals follow an open model: one every `plan.every`, whether or not the shop has answered those before. Each arrival is one operation
// of one shopper. Who it is, what is sent and what is recorded is the business of k6/x/figlab; what is done next is decided here.
import { plan, signIn, turn } from 'k6/x/figlab';

export const options = {
  scenarios: {
    shop: {
      executor: 'constant-arrival-rate',
      rate: 1,
      timeUnit: plan.every,
      duration: plan.duration,
      preAllocatedVUs: plan.vus, // all from the start: making one costs arrivals
      maxVUs: plan.vus,
      gracefulStop: plan.grace,
    },
  },
  setupTimeout: plan.setup,
  noCookiesReset: true,
  systemTags: [],
};

// The share of arrivals that only look, as in TPC-W.
const looking = { browsing: 0.95, shopping: 0.8, ordering: 0.5 };

const look = {
  getProduct: 40,
  searchProducts: 24,
  listProducts: 14,
  getRecommendations: 12,
  listCategories: 4,
  quoteShipping: 4,
  getStock: 2,
};

const buy = {
  putCartItem: 24,
  placeOrder: 20,
  getOrder: 20,
  getCart: 8,
  listOrders: 4,
  cancelOrder: 1,
  putWishlistItem: 3,
  moveWishlistItemToCart: 2,
  getWishlist: 2,
  listNotifications: 4,
  readNotification: 2,
  listPayments: 3,
  listOrderEvents: 2,
  getShipment: 2,
  getMe: 1,
  createUser: 1,
};

// The share of orders that are regretted at once.
const regret = 0.06;

// The admin keeps the shelves full and looks around.
const keep = { restock: 2, getStock: 4, getProduct: 2, listProducts: 2 };

// The regulars sign in before the first arrival: hashing a hundred passwords is no shopping.
export function setup() {
  signIn();
}

export default function () {
  turn(choose);
}

// choose names the operation that a shopper does next.
function choose(shopper) {
  if (shopper.lostOrder()) return 'placeOrder'; // its answer was lost: ask again under the same key
  if (shopper.justOrdered() && shopper.roll() < regret) return 'cancelOrder'; // before the parcel leaves
  if (shopper.admin()) return draw(shopper, keep);
  if (shopper.roll() < looking[plan.mix]) return draw(shopper, look);
  if (shopper.cartStuck()) return 'clearCart';
  return possible(shopper, draw(shopper, buy));
}

// possible returns the operation, or what must come before it.
function possible(shopper, operation) {
  switch (operation) {
    case 'placeOrder':
      return shopper.cartItems() > 0 ? operation : 'putCartItem';
    case 'cancelOrder':
      return shopper.canCancel() ? operation : possible(shopper, 'getOrder');
    case 'getOrder':
      return shopper.openOrders() > 0 ? operation : possible(shopper, 'placeOrder');
    case 'getShipment':
      return shopper.hasShipment() ? operation : possible(shopper, 'listPayments');
    case 'listPayments':
    case 'listOrderEvents':
      return shopper.orders() > 0 ? operation : possible(shopper, 'placeOrder');
    case 'moveWishlistItemToCart':
      return shopper.hasWish() ? operation : 'putWishlistItem';
    case 'readNotification':
      return shopper.hasMessage() ? operation : 'listNotifications';
  }
  return operation;
}

// draw picks one by weight, with the shopper's own seeded dice.
function draw(shopper, weights) {
  const names = Object.keys(weights);
  let left = shopper.roll() * names.reduce((sum, name) => sum + weights[name], 0);
  return names.find((name) => (left -= weights[name]) < 0) || names[0];
}
