(def base "https://api.lever.co/v1")
(defn tag [id body] (http/post (str base "/candidates/" id "/addTags") {:body body})) ; expect: LK301
