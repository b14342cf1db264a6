package recommendation

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/recommendationapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"net/http"

	"github.com/labstack/echo/v4"

	rules "figlab/shop/recommendation"
)

// HTTP serves the contract's recommendation operation.
type HTTP struct{ *Recommendation }

var _ recommendationapi.StrictServerInterface = HTTP{}

func toWire(found []rules.Suggestion) shopapi.Recommendations {
	out := shopapi.Recommendations{Items: make([]shopapi.Recommendation, len(found))}
	for i, s := range found {
		out.Items[i] = shopapi.Recommendation{ProductId: string(s.Product), Score: s.Score, Reason: shopapi.RecommendationReason(s.Reason)}
	}
	return out
}

// encoded is an answer that is ready to go out.
type encoded []byte

// VisitGetRecommendationsResponse writes it.
func (e encoded) VisitGetRecommendationsResponse(w http.ResponseWriter) error {
	w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(e)
	return err //nolint:wrapcheck // the caller went away
}

// GetRecommendations returns suggestions.
func (h HTTP) GetRecommendations(
	ctx context.Context, r recommendationapi.GetRecommendationsRequestObject,
) (recommendationapi.GetRecommendationsResponseObject, error) {
	user, product, limit := host.User(ctx), shop.ProductID(wire.Or(r.Params.ProductId, "")), wire.Limit(r.Params.Limit)
	if user == "" {
		body, err := h.ForStranger(ctx, product, limit)
		if err != nil {
			return nil, err
		}
		return encoded(body), nil
	}
	found, err := h.For(ctx, user, product, limit)
	if err != nil {
		return nil, err
	}
	return recommendationapi.GetRecommendations200JSONResponse(toWire(found)), nil
}
