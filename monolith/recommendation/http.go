package recommendation

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/recommendationapi"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's recommendation operation.
type HTTP struct{ *Module }

var _ recommendationapi.StrictServerInterface = HTTP{}

// GetRecommendations returns suggestions.
func (h HTTP) GetRecommendations(
	ctx context.Context, r recommendationapi.GetRecommendationsRequestObject,
) (recommendationapi.GetRecommendationsResponseObject, error) {
	found, err := h.For(ctx, session.User(ctx), shop.ProductID(wire.Value(r.Params.ProductId)), wire.Limit(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := recommendationapi.GetRecommendations200JSONResponse{Items: make([]shopapi.Recommendation, len(found))}
	for i, s := range found {
		out.Items[i] = shopapi.Recommendation{ProductId: string(s.Product), Score: s.Score, Reason: shopapi.RecommendationReason(s.Reason)}
	}
	return out, nil
}
